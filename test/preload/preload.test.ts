/** `--require hapwire/register`: hapwire carries every HAP-NodeJS of the process, or says why not. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { ROOT, runNode, type ChildOptions, type Ended } from "../support/child";
import { patient } from "../support/patience";

const PRELOAD = path.join(ROOT, "register.js");
const SCOPED = "@homebridge/hap-nodejs";
const UNSCOPED = "hap-nodejs";

/** Says whose class the transport of a HAP-NodeJS is, once its server listens. */
const SHOW = `
  const { EventedHTTPServer } = require("hapwire");
  const show = (hap) => {
    const server = new hap.HAPServer(hap.AccessoryInfo.create("0E:11:22:33:44:55"));
    server.listen(0, "127.0.0.1");
    console.log(server.httpServer instanceof EventedHTTPServer ? "hapwire" : "original");
    // Not before: a server that is stopped before it listens goes on to listen in Node 20.11.
    server.once("listening", () => server.destroy());
  };`;

describe("the preload", { timeout: patient(120_000) }, () => {
  for (const name of [SCOPED, UNSCOPED]) {
    const hapVersion = readManifest(path.join(ROOT, "node_modules", name)).version;
    const line = new RegExp(
      `^hapwire carries 0E:11:22:33:44:55: (native|portable) engine \\(.+\\), HAP-NodeJS ${hapVersion}\n$`,
    );

    it(`carries ${name} that is required`, async (t) => {
      const { stdout, stderr } = await run(t, `${SHOW} show(require("${name}"));`);
      assert.equal(stdout, "hapwire\n");
      assert.match(stderr, line);
    });

    it(`carries ${name} that is imported`, async (t) => {
      const code = `import { createRequire } from "node:module";
        import * as hap from "${name}";
        const require = createRequire(import.meta.url); ${SHOW} show(hap);`;
      const { stdout, stderr } = await run(t, code, { file: "program.mjs" });
      assert.equal(stdout, "hapwire\n");
      assert.match(stderr, line);
    });
  }

  it("carries a version that nobody knows yet", async (t) => {
    const folder = makeProject(t);
    const copy = copyPackage(SCOPED, folder);
    edit(path.join(copy, "package.json"), (text) =>
      text.replace(/"version": "[^"]+"/, '"version": "20.1.0"'),
    );
    const { stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, { folder });
    assert.equal(stdout, "hapwire\n");
    assert.match(stderr, /, HAP-NodeJS 20\.1\.0\n$/);
  });

  it("works by --import, and by its name", async (t) => {
    for (const preload of [
      ["--import", PRELOAD],
      ["--require", "hapwire/register"],
      ["--import", "hapwire/register"],
    ]) {
      const { stdout } = await run(t, `${SHOW} show(require("${SCOPED}"));`, { preload });
      assert.equal(stdout, "hapwire\n", preload.join(" "));
    }
  });

  it("carries several copies at once, each with its line", async (t) => {
    const folder = makeProject(t);
    copyPackage(SCOPED, folder);
    copyPackage(SCOPED, path.join(folder, "node_modules", "a-plugin"));
    const code = `${SHOW}
      const { createRequire } = require("node:module");
      const copies = [require("${SCOPED}"),
        createRequire(require.resolve("./node_modules/a-plugin/package.json"))("${SCOPED}"),
        require("${UNSCOPED}")];
      console.log(new Set(copies).size);
      copies.forEach(show);`;
    writeFileSync(path.join(folder, "node_modules", "a-plugin", "package.json"), "{}");
    const { stdout, stderr } = await run(t, code, { folder });
    assert.equal(stdout, "3\nhapwire\nhapwire\nhapwire\n");
    assert.equal(stderr.match(/^hapwire carries /gm)?.length, 3, stderr);
  });

  it("is in child processes and worker threads too", async (t) => {
    const child = `${SHOW} show(require("${SCOPED}"));`;
    const code = `
      const { fork } = require("node:child_process");
      const { Worker } = require("node:worker_threads");
      if (process.argv[2] === "child") { ${child} }
      else fork(__filename, ["child"]).once("exit", () => {
        new Worker(${JSON.stringify(child)}, { eval: true });
      });`;
    const { stdout } = await run(t, code, { preload: [], env: { NODE_OPTIONS: `--require "${PRELOAD}"` } });
    assert.equal(stdout, "hapwire\nhapwire\n");
  });

  it("stands beside hooks that another registers", async (t) => {
    const folder = makeProject(t);
    const code = `import { register } from "node:module";
      register("data:text/javascript,export async function load(url, context, next) { return next(url, context); }");
      await import("./imported.cjs");`;
    writeFileSync(path.join(folder, "imported.cjs"), `${SHOW} show(require("${SCOPED}"));`);
    const { stdout } = await run(t, code, { folder, file: "program.mjs" });
    assert.equal(stdout, "hapwire\n");
  });

  it("serves the status page that the environment asks for", async (t) => {
    const code = `
      const { HAPServer, AccessoryInfo } = require("${SCOPED}");
      const server = new HAPServer(AccessoryInfo.create("0E:11:22:33:44:55"));
      const write = process.stderr.write.bind(process.stderr);
      process.stderr.write = (text, ...more) => {
        const [url] = /http:\\S+/.exec(text) ?? [];
        if (url !== undefined) show(url);
        return write(text, ...more);
      };
      const show = async (url) => {
        const page = await fetch(url);
        console.log(page.status, (await page.text()).includes("hapwire"));
        process.exit();
      };
      server.listen(0, "127.0.0.1");`;
    const { stdout } = await run(t, code, { env: { HAPWIRE_STATUS: "0" } });
    assert.equal(stdout, "200 true\n");
  });

  it("serves one status page for two HAP-NodeJS packages", async (t) => {
    const code = `
      const { once } = require("node:events");
      (async () => {
        for (const name of ["${SCOPED}", "${UNSCOPED}"]) {
          const { HAPServer, AccessoryInfo } = require(name);
          const server = new HAPServer(AccessoryInfo.create("0E:11:22:33:44:55"));
          server.listen(0, "127.0.0.1");
          await once(server, "listening");
        }
        // The page says its address when it listens, as this server does after it.
        const last = require("node:net").createServer().listen(0, "127.0.0.1");
        await once(last, "listening");
        process.exit();
      })();`;
    const { stderr } = await run(t, code, { env: { HAPWIRE_STATUS: "0" } });
    assert.equal(stderr.match(/^hapwire carries /gm)?.length, 2, stderr);
    assert.equal(stderr.match(/status page: /g)?.length, 1, stderr);
  });

  it("is not there with HAPWIRE=off", async (t) => {
    const { stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, {
      env: { HAPWIRE: "off" },
    });
    assert.deepEqual({ stdout, stderr }, { stdout: "original\n", stderr: "" });
  });

  it("says nothing, and loads nothing, in a process without HAP-NodeJS", async (t) => {
    const code = `console.log(Object.keys(require.cache).filter((file) => /[\\\\/]dist[\\\\/]/.test(file)).length);`;
    const { stdout, stderr } = await run(t, code);
    assert.equal(stderr, "");
    assert.ok(Number(stdout) <= 4, `${stdout.trim()} files of hapwire have loaded`);
  });
});

describe("the preload leaves the original in place, and says why", { timeout: patient(120_000) }, () => {
  it("if HAP-NodeJS has another shape, whatever its version", async (t) => {
    const folder = makeProject(t);
    const copy = copyPackage(SCOPED, folder);
    edit(path.join(copy, "dist", "index.js"), (text) => `${text}\nmodule.exports = { uuid: exports.uuid };`);
    const { stdout, stderr } = await run(t, `console.log(typeof require("${SCOPED}").uuid);`, { folder });
    assert.equal(stdout, "object\n");
    assert.equal(
      stderr,
      "hapwire is not active: this HAP-NodeJS does not export its class HAPServer; bridges run as before\n",
    );
  });

  it("if no engine can run", async (t) => {
    const { code, stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, {
      engine: "nonsense",
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "original\n" });
    assert.match(
      stderr,
      /^hapwire is not active: HAPWIRE_ENGINE must be "native" or "portable".+; bridges run as before\n$/,
    );
  });

  it("if hapwire itself is damaged: the process starts all the same", async (t) => {
    const folder = makeProject(t);
    const damaged = path.join(folder, "damaged");
    for (const name of ["package.json", "register.js", path.join("dist", "homebridge")]) {
      cpSync(path.join(ROOT, name), path.join(damaged, name), { recursive: true });
    }
    const { code, stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, {
      folder,
      preload: ["--require", path.join(damaged, "register.js")],
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "original\n" });
    assert.match(stderr, /^hapwire is not active: Cannot find module .+; bridges run as before\n$/);
  });
});

interface RunOptions extends Pick<ChildOptions, "engine"> {
  /** The program's folder. Default: a project without packages of its own. */
  readonly folder?: string;
  readonly file?: string;
  readonly preload?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program under the preload. It finds modules in its own folder, then in this checkout. */
async function run(t: TestContext, code: string, options: RunOptions = {}): Promise<Ended> {
  const { folder = makeProject(t), file = "program.js", preload = ["--require", PRELOAD] } = options;
  writeFileSync(path.join(folder, file), code);
  const ended = await runNode([...preload, path.join(folder, file)], {
    cwd: folder,
    engine: options.engine,
    env: options.env ?? {},
  });
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

function makeProject(t: TestContext): string {
  const folder = mkdtempSync(path.join(ROOT, "dist-test", "project-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Puts a copy of an installed package into a project's node_modules. @returns Its folder. */
function copyPackage(name: string, project: string): string {
  const copy = path.join(project, "node_modules", name);
  mkdirSync(copy, { recursive: true });
  for (const part of ["package.json", "dist"]) {
    cpSync(path.join(ROOT, "node_modules", name, part), path.join(copy, part), { recursive: true });
  }
  return copy;
}

function edit(file: string, change: (text: string) => string): void {
  const text = readFileSync(file, "utf8");
  const changed = change(text);
  assert.notEqual(changed, text);
  writeFileSync(file, changed);
}

function readManifest(folder: string): { version: string } {
  return JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string };
}
