/** What putting hapwire under one HAP-NodeJS does not do: serve a second page, take other versions, stay for the next copy. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { loadOnHapwire } from "#src/homebridge/substitute";
import { EventedHTTPServer } from "hapwire";

import { ROOT, runNode } from "../support/child";
import { patient } from "../support/patience";

const PRELOAD = path.join(ROOT, "register.js");
const PACKAGES = ["@homebridge/hap-nodejs", "hap-nodejs"] as const;
type PackageName = (typeof PACKAGES)[number];

/** Another library that changes how modules load, as those that transpile do. */
const ANOTHER_HOOK = `
  const extensions = require("node:module")._extensions;
  const previous = extensions[".js"];
  extensions[".js"] = (module, file) => previous(module, file);
`;

describe("the preload", { timeout: patient(60_000) }, () => {
  it("serves one status page under two HAP-NodeJS packages", async () => {
    const { stdout, stderr } = await underPreload(SERVERS_OF_BOTH, { HAPWIRE_STATUS: "0" });
    const lines = stderr.split("\n").filter((line) => line !== "");
    assert.deepEqual(
      [stdout, lines.filter((line) => line.includes(" is under ")).length],
      ["all listen\n", PACKAGES.length],
      stderr,
    );
    assert.equal(lines.filter((line) => line.includes("status page: ")).length, 1, stderr);
  });

  for (const [name, version, known] of [
    ["@homebridge/hap-nodejs", "20.1.0", "2.x"],
    ["hap-nodejs", "10.0.0", "1.x"],
  ] as const) {
    it(`leaves ${name} ${version} alone`, async (t) => {
      const { folder } = copyOf(t, name, (manifest) => ({ ...manifest, version }));
      const { stdout, stderr } = await underPreload(`
        const { EventedHTTPServer } = require(${JSON.stringify(path.join(folder, TRANSPORT))});
        console.log(typeof EventedHTTPServer.prototype.stats);`);
      assert.equal(stdout, "undefined\n");
      assert.equal(stderr, `hapwire is not active: ${name} ${version} is not known, only ${known}\n`);
    });
  }
});

describe("HAP-NodeJS that was loaded on hapwire", { timeout: patient(60_000) }, () => {
  it("leaves the copy that loads next on its own transport, with another library's hook between them", (t) => {
    const { _extensions: extensions } = Module as unknown as { _extensions: Record<".js", unknown> };
    const { ".js": before } = extensions;
    t.after(() => {
      extensions[".js"] = before;
    });
    const { project, folder } = copyOf(t, "hap-nodejs");
    const transport = path.join(folder, TRANSPORT);
    writeFileSync(transport, `${readFileSync(transport, "utf8")}\n${ANOTHER_HOOK}`);
    loadOnHapwire("hap-nodejs", project);
    assert.equal(serverClassOf(folder), EventedHTTPServer);
    assert.notEqual(serverClassOf(path.join(ROOT, "node_modules", "hap-nodejs")), EventedHTTPServer);
  });
});

describe("HAP-NodeJS that cannot be loaded on hapwire", { timeout: patient(60_000) }, () => {
  it("has loaded before, on its own transport", (t) => {
    const { project, folder } = copyOf(t, "hap-nodejs");
    const original = serverClassOf(folder);
    assert.throws(() => loadOnHapwire("hap-nodejs", project), {
      code: "ERR_HAPWIRE_SUBSTITUTE",
      message: /^hap-nodejs has loaded with a transport of its own; load hapwire before it /,
    });
    assert.equal(serverClassOf(folder), original);
  });

  it("exports something of another type by a name that is known", (t) => {
    const { project, folder } = copyOf(t, "hap-nodejs");
    const transport = path.join(folder, TRANSPORT);
    writeFileSync(transport, `${readFileSync(transport, "utf8")}\nexports.HAPConnectionEvent = () => {};`);
    assert.throws(() => loadOnHapwire("hap-nodejs", project), {
      code: "ERR_HAPWIRE_SUBSTITUTE",
      message: /HAPConnectionEvent of hap-nodejs \S+ is of type function, hapwire's is not/,
    });
  });
});

const TRANSPORT = path.join("dist", "lib", "util", "eventedhttp.js");

/** A server of each package listens; the program ends when both do, and the status page has had its turn. */
const SERVERS_OF_BOTH = `
  const { once } = require("node:events");
  const { createServer } = require("node:net");
  const listen = async (server) => {
    const listening = once(server, "listening");
    server.listen(0, "127.0.0.1");
    await listening;
  };
  (async () => {
    for (const name of ${JSON.stringify(PACKAGES)}) {
      const { HAPServer, AccessoryInfo } = require(name);
      await listen(new HAPServer(AccessoryInfo.create("0E:11:22:33:44:55")));
    }
    await listen(createServer());
    console.log("all listen");
    process.exit();
  })();`;

async function underPreload(
  program: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runNode(["--require", PRELOAD, "--eval", program], { env });
  assert.equal(code, 0, stderr);
  return { stdout, stderr };
}

interface HapTransport {
  readonly EventedHTTPServer: unknown;
}

interface Copy {
  /** What requires the package. */
  readonly project: string;
  /** The package's. */
  readonly folder: string;
}

/** Puts a copy of an installed package into a project of its own; it is gone when the test is over. */
function copyOf(
  t: TestContext,
  name: PackageName,
  change: (manifest: object) => object = (manifest) => manifest,
): Copy {
  const project = mkdtempSync(path.join(ROOT, "dist-test", "project-"));
  t.after(() => {
    rmSync(project, { recursive: true });
  });
  const [installed, folder] = [ROOT, project].map((from) => path.join(from, "node_modules", name)) as [
    string,
    string,
  ];
  cpSync(path.join(installed, "dist"), path.join(folder, "dist"), { recursive: true });
  const manifest = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8")) as object;
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(change(manifest)));
  return { project, folder };
}

function serverClassOf(packageFolder: string): unknown {
  const transport = createRequire(__filename)(path.join(packageFolder, TRANSPORT)) as HapTransport;
  return transport.EventedHTTPServer;
}
