/** What README and docs say, checked: examples run as printed, every error code has its heading, every option its line. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";

import { Controller } from "./support/controller";

/** The checkout: this file runs from dist-test/test. */
const ROOT = path.join(__dirname, "..", "..");

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

function codeBlocks(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"));
  return [...blocks].map(([, code]) => code ?? "");
}

/** Writes an example where `require("hapwire")` finds this package, and starts it. */
function start(t: TestContext, code: string): ReturnType<typeof spawn> {
  const folder = mkdtempSync(path.join(ROOT, "dist-test", "example-"));
  const file = path.join(folder, "example.js");
  writeFileSync(file, code);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  return child;
}

async function* linesOf(child: ReturnType<typeof spawn>): AsyncGenerator<string> {
  assert.ok(child.stdout !== null);
  yield* createInterface({ input: child.stdout });
}

describe("README", () => {
  const [server = "", encryption = "", codec = ""] = codeBlocks(read("README.md"), "js");

  it("shows a server that runs as printed, in about 20 lines", async (t) => {
    assert.ok(server.split("\n").length <= 25);
    const child = start(t, server);
    const { value: line } = (await linesOf(child).next()) as { value: string };
    const port = Number(/listening on port (\d+)/.exec(line)?.[1]);
    const subscriber = await Controller.connect(port);
    const other = await Controller.connect(port);
    await subscriber.get("/subscribe");
    assert.deepEqual(JSON.parse((await other.get("/toggle")).body.toString()), {
      characteristics: [{ aid: 1, iid: 9, value: true }],
    });
    assert.deepEqual(await subscriber.nextEvents(), [{ aid: 1, iid: 9, value: true }]);
    const exited = once(child, "exit");
    child.kill("SIGINT");
    assert.deepEqual(await exited, [0, null]);
  });

  it("shows a switch to encryption that runs as printed", async (t) => {
    const child = start(
      t,
      `${encryption}
       const { EventedHTTPServer } = require("hapwire");
       const server = new EventedHTTPServer();
       server.on("request", (connection, request, response) => request.url === "/m3"
         ? handlePairVerifyM3(connection, response, Buffer.alloc(32, 1), "user")
         : response.end(String(connection.isAuthenticated())));
       server.on("listening", (port) => console.log(port));
       server.listen(0, "127.0.0.1");`,
    );
    const { value: port } = (await linesOf(child).next()) as { value: string };
    const controller = await Controller.connect(Number(port));
    t.after(() => {
      controller.destroy();
    });
    assert.equal((await controller.get("/m3")).body.toString(), "the answer, M4");
    const { deriveSessionKeys } = await import("hapwire");
    controller.secure(deriveSessionKeys(Buffer.alloc(32, 1)));
    assert.equal((await controller.get("/")).body.toString(), "true");
  });

  it("shows a use of the codec that runs as printed", async (t) => {
    const { value: line } = (await linesOf(start(t, codec)).next()) as { value: string };
    assert.equal(line, "GET /accessories HTTP/1.1");
  });

  it("names every option", () => {
    const names = optionNames();
    assert.ok(names.size > 5);
    for (const document of ["README.md", "docs/limits.md"]) {
      for (const name of names) {
        assert.ok(read(document).includes(`\`${name}\``), `${document} does not name the option ${name}`);
      }
    }
  });
});

describe("docs/errors.md", () => {
  it("has a heading for every code, and none for what is no code", () => {
    const codes =
      read("src/errors.ts")
        .match(/"ERR_HAPWIRE_\w+"/g)
        ?.map((code) => code.slice(1, -1)) ?? [];
    const headings =
      read("docs/errors.md")
        .match(/^## .+$/gm)
        ?.map((heading) => heading.slice(3)) ?? [];
    assert.deepEqual(headings.toSorted(), [...new Set(codes)].toSorted());
  });
});

describe("docs/faults.md and SECURITY.md", () => {
  it("name tests that exist", () => {
    for (const document of ["docs/faults.md", "SECURITY.md"]) {
      const text = read(document);
      const files = [...text.matchAll(/`((?:test|native)\/[\w./-]+\.(?:ts|cc))`/g)].map(
        ([, file]) => file ?? "",
      );
      assert.ok(files.length > 5);
      const sources = [...new Set(files)].map((file) => read(file)).join("\n");
      const titles = [...text.matchAll(/"([^"]+)"/g)].map(([, title]) => title ?? "");
      for (const title of titles) {
        assert.ok(sources.includes(title), `${document} names a test that is not there: ${title}`);
      }
    }
  });
});

/** The names of the numeric options, from the source that checks them. */
function optionNames(): Set<string> {
  const names = [...read("src/options.ts").matchAll(/integer\(options, "(\w+)"/g)].map(
    ([, name]) => name ?? "",
  );
  return new Set(names);
}
