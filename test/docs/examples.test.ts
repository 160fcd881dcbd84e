/** The examples of README and docs run as printed. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";
import { deriveSessionKeys } from "hapwire";

import { ROOT, runNode } from "../support/child";
import { Controller } from "../support/controller";
import { codeBlocks, DOCUMENTS, linesOf, read, start } from "../support/documents";
import { verifyPairing } from "../support/pairing";

/** The languages of code blocks. `commands.test.ts` checks `sh`; an empty one is output. */
const LANGUAGES = new Set(["", "http", "js", "mermaid", "sh"]);

/** The examples that a test below runs. */
const taken = new Set<string>();

/** Returns the JavaScript examples of a document. A test must run each. */
function examplesOf(document: string): string[] {
  const examples = codeBlocks(document).filter(({ language }) => language === "js");
  for (const { code } of examples) {
    taken.add(code);
  }
  return examples.map(({ code }) => code);
}

/** A connection of a paired controller. */
async function verify(port: number, pairing: PairingData): Promise<Controller> {
  const controller = await Controller.connect(port);
  await verifyPairing(controller, pairing);
  return controller;
}

describe("README", () => {
  const [server = "", ...others] = examplesOf("README.md");

  it("shows a lamp that pairs as printed, in about 40 lines", async (t) => {
    assert.deepEqual(others, []);
    assert.ok(server.split("\n").length <= 45);
    const child = start(t, server);
    const { value: line } = (await linesOf(child).next()) as { value: string };
    const [, port = "", code = ""] = /listening on port (\d+), code ([\d-]+)/.exec(line) ?? [];
    const client = new HttpClient("any", "127.0.0.1", Number(port));
    await client.pairSetup(code);
    const pairing = client.getLongTermData();
    assert.ok(pairing !== null);
    const [writer, watcher] = [await verify(Number(port), pairing), await verify(Number(port), pairing)];
    const put = async (controller: Controller, change: object): Promise<number> => {
      const body = JSON.stringify({ characteristics: [{ aid: 1, iid: 9, ...change }] });
      return (await controller.fetch("PUT", "/characteristics", { body })).status;
    };
    assert.equal(await put(watcher, { ev: true }), 204);
    assert.equal(await put(writer, { value: 1 }), 204);
    assert.deepEqual(await watcher.nextEvents(), [{ aid: 1, iid: 9, value: true }]);
    const read = await writer.get("/characteristics?id=1.9");
    assert.deepEqual(JSON.parse(read.body.toString()), {
      characteristics: [{ aid: 1, iid: 9, value: true }],
    });
    assert.equal((await writer.get("/accessories")).status, 200);
    await client.close();
    const exited = once(child, "exit");
    child.kill("SIGINT");
    assert.deepEqual(await exited, [0, null]);
  });

  it("has at most 180 lines", () => {
    assert.ok(read("README.md").trimEnd().split("\n").length <= 180);
  });
});

describe("docs/server.md", () => {
  const [encryption = "", codec = "", ...others] = examplesOf("docs/server.md");

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
    controller.secure(deriveSessionKeys(Buffer.alloc(32, 1)));
    assert.equal((await controller.get("/")).body.toString(), "true");
  });

  it("shows a use of the codec that runs as printed", async (t) => {
    assert.deepEqual(others, []);
    const { value: line } = (await linesOf(start(t, codec)).next()) as { value: string };
    assert.equal(line, "GET /accessories HTTP/1.1");
  });
});

describe("docs/pairing.md", () => {
  const [example = "", ...others] = examplesOf("docs/pairing.md");

  it("shows a server that pairs as printed", async (t) => {
    assert.deepEqual(others, []);
    const child = start(t, example);
    const { value: line } = (await linesOf(child).next()) as { value: string };
    const [, port = "", code = ""] = /^port (\d+), setup code ([\d-]+)$/.exec(line) ?? [];
    const client = new HttpClient("any", "127.0.0.1", Number(port));
    await client.pairSetup(code);
    const pairing = client.getLongTermData();
    assert.ok(pairing !== null);
    const controller = await verify(Number(port), pairing);
    const name = Buffer.from(pairing.iOSDevicePairingID, "hex").toString();
    assert.equal((await controller.get("/anything")).body.toString(), `hello ${name}`);
    await client.close();
    controller.destroy();
    const exited = once(child, "exit");
    child.kill("SIGINT");
    assert.deepEqual(await exited, [0, null]);
  });
});

describe("docs/metrics.md", () => {
  const [example = "", ...others] = examplesOf("docs/metrics.md");

  it("shows a server with metrics that runs as printed", async (t) => {
    assert.deepEqual(others, []);
    const child = start(t, example);
    const { value: line } = (await linesOf(child).next()) as { value: string };
    const port = /metrics on port (\d+)/.exec(line)?.[1] ?? assert.fail(line);
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: "close" } });
    assert.match(await answer.text(), /^hapwire_requests_total\{server="living room"\} 0$/m);
    const exited = once(child, "exit");
    child.kill("SIGINT");
    assert.deepEqual(await exited, [0, null]);
  });
});

describe("docs/migration.md", () => {
  const migration = read("docs/migration.md");
  const [install = "", subclass = "", ...others] = examplesOf("docs/migration.md");
  const SERVER = `
    const server = new hap.HAPServer(hap.AccessoryInfo.create("0E:11:22:33:44:55"));
    server.accessoryInfo.displayName = "Hall";
    server.listen(0, "127.0.0.1");
    server.destroy();`;

  it("has no example but those run here", () => {
    assert.deepEqual(others, []);
  });

  it("shows an installation that runs as printed, and its line", async () => {
    const [, shown = ""] = /`(hapwire carries NAME [^`]+)`/.exec(migration) ?? [];
    const { stderr } = await runNode(["--eval", `${install}${SERVER}`]);
    assert.equal(formOf(stderr.replace("Hall (0E:11:22:33:44:55)", "NAME (USERNAME)")), formOf(shown));
  });

  it("preloads a file that is there, by its whole path", () => {
    const lines = [...migration.matchAll(/NODE_OPTIONS="?--require ([^\s"`]+)/g)].map(
      ([, file = ""]) => file,
    );
    assert.equal(lines.length, 3, lines.join(" "));
    for (const file of lines) {
      const [, inside = ""] = /^\/.+\/node_modules\/hapwire\/(.+)$/.exec(file) ?? [];
      assert.ok(existsSync(path.join(ROOT, inside)) && inside !== "", file);
    }
  });

  it("shows the line that the preload writes", async () => {
    const [, shown = ""] = /^`(hapwire carries .+)`$/m.exec(migration) ?? [];
    const { stderr } = await runNode(["--eval", `const hap = require("@homebridge/hap-nodejs");${SERVER}`], {
      env: { NODE_OPTIONS: `--require "${path.join(ROOT, "register.js")}"` },
    });
    assert.equal(formOf(stderr.replace("Hall", "Homebridge 8A2C")), formOf(shown));
  });

  it("shows a subclass that runs as printed", async (t) => {
    const { value: line } = (await linesOf(start(t, subclass)).next()) as { value: string };
    assert.equal(line, "listens on 127.0.0.1: true");
  });
});

/** A line of hapwire's without what depends on the machine. */
function formOf(line: string): string {
  return line
    .trim()
    .replace(/\s+/g, " ")
    .replace(/\d+(\.\d+)+/g, "N")
    .replace(/: \w+ engine \(.+\),/, ": ENGINE,");
}

describe("README and docs", () => {
  it("have no JavaScript that nothing runs, and no block of an unknown language", () => {
    for (const document of DOCUMENTS) {
      for (const { language, code } of codeBlocks(document)) {
        assert.ok(language !== "js" || taken.has(code), `${document}: no test runs\n${code}`);
        assert.ok(LANGUAGES.has(language), `${document}: ${language}`);
      }
    }
  });
});
