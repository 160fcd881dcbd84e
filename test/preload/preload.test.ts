/** `--require hapwire/register`: under which HAP-NodeJS hapwire comes, under which it does not, and what it leaves alone. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { ROOT, runNode, type ChildOptions, type Ended } from "../support/child";
import { patient } from "../support/patience";

const PRELOAD = path.join(ROOT, "register.js");
const SCOPED = "@homebridge/hap-nodejs";
const UNSCOPED = "hap-nodejs";
const { version } = readManifest(ROOT);

/** Says whose class the servers of a HAP-NodeJS are. */
const SHOW = `
  const { EventedHTTPServer } = require("hapwire");
  const show = (hap) => {
    const server = new hap.HAPServer(hap.AccessoryInfo.create("0E:11:22:33:44:55")).httpServer;
    console.log(server instanceof EventedHTTPServer ? "hapwire" : "original");
    server.removeAllListeners();
  };`;

describe("the preload", { timeout: patient(120_000) }, () => {
  for (const name of [SCOPED, UNSCOPED]) {
    const hapVersion = readManifest(path.join(ROOT, "node_modules", name)).version;
    const line = `hapwire ${version} is under ${name} ${hapVersion}: `;

    it(`is under ${name} that is required`, async (t) => {
      const { stdout, stderr } = await run(t, `${SHOW} show(require("${name}"));`);
      assert.equal(stdout, "hapwire\n");
      assert.ok(stderr.startsWith(line) && stderr.indexOf("\n") === stderr.length - 1, stderr);
      assert.match(stderr, /: (native|portable) engine \(.+\), Node v/);
    });

    it(`is under ${name} that is imported`, async (t) => {
      const code = `import { createRequire } from "node:module";
        import * as hap from "${name}";
        const require = createRequire(import.meta.url); ${SHOW} show(hap);`;
      const { stdout, stderr } = await run(t, code, { file: "program.mjs" });
      assert.equal(stdout, "hapwire\n");
      assert.ok(stderr.startsWith(line), stderr);
    });

    it(`is under the transport of ${name} that is imported by its file's name`, async (t) => {
      const code = `import { EventedHTTPServer } from "${name}/dist/lib/util/eventedhttp.js";
        console.log(typeof new EventedHTTPServer().stats);`;
      assert.equal((await run(t, code, { file: "program.mjs" })).stdout, "function\n");
    });
  }

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

  it("is under several copies at once, each with its line", async (t) => {
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
    assert.equal(stderr.match(/^hapwire .+ is under /gm)?.length, 3, stderr);
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
  it("where the version is not known", async (t) => {
    const folder = makeProject(t);
    const copy = copyPackage(SCOPED, folder);
    edit(path.join(copy, "package.json"), (text) => text.replace(/"version": "2/, '"version": "3'));
    const { stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, { folder });
    assert.equal(stdout, "original\n");
    assert.match(stderr, /^hapwire is not active: @homebridge\/hap-nodejs 3\.\S+ is not known, only 2\.x\n$/);
  });

  it("where the package has another name", async (t) => {
    const folder = makeProject(t);
    const copy = copyPackage(SCOPED, folder);
    edit(path.join(copy, "package.json"), (text) => text.replace(`"${SCOPED}"`, '"a-fork"'));
    const { stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, { folder });
    assert.equal(stdout, "original\n");
    assert.match(stderr, /^hapwire is not active: a-fork \S+ is not known, only .+\n$/);
  });

  it("where a class is missing", async (t) => {
    const folder = makeProject(t);
    edit(transportOf(copyPackage(SCOPED, folder)), (text) => `${text}\ndelete exports.HAPConnection;`);
    const code = `console.log(typeof new (require("${SCOPED}/dist/lib/util/eventedhttp").EventedHTTPServer)().stats);`;
    const { stdout, stderr } = await run(t, code, { folder });
    assert.equal(stdout, "undefined\n");
    assert.match(
      stderr,
      /^hapwire is not active in .+ has no class HAPConnection: this version is not known\n$/,
    );
  });

  it("where an enum has a member that is not known", async (t) => {
    const folder = makeProject(t);
    edit(
      transportOf(copyPackage(SCOPED, folder)),
      (text) => `${text}\nexports.HAPConnectionState = { ...exports.HAPConnectionState, DREAMING: 77 };`,
    );
    const { stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, { folder });
    assert.equal(stdout, "original\n");
    assert.match(stderr, /^hapwire is not active in .+ DREAMING = 77, which hapwire does not know\n$/);
  });

  it("where no engine can run", async (t) => {
    const { code, stdout, stderr } = await run(t, `${SHOW} show(require("${SCOPED}"));`, {
      engine: "nonsense",
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "original\n" });
    assert.match(stderr, /^hapwire is not active in .+: HAPWIRE_ENGINE must be "native" or "portable".+\n$/);
  });

  it("where hapwire itself is damaged: the process starts all the same", async (t) => {
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
    assert.match(stderr, /^hapwire is not active in .+: Cannot find module/m);
  });
});

describe("the preload leaves alone", { timeout: patient(120_000) }, () => {
  it("exports of the transport that it does not know", async (t) => {
    const folder = makeProject(t);
    edit(transportOf(copyPackage(SCOPED, folder)), (text) => `${text}\nexports.novelty = { of: "theirs" };`);
    const code = `const { novelty, EventedHTTPServer } = require("${SCOPED}/dist/lib/util/eventedhttp");
      console.log(novelty.of, typeof new EventedHTTPServer().stats);`;
    assert.equal((await run(t, code, { folder })).stdout, "theirs function\n");
  });

  it("the tweetnacl of everyone but HAP-NodeJS", async (t) => {
    const code = `
      const nacl = require("tweetnacl");
      const { keyPair } = nacl.sign;
      let calls = 0;
      nacl.sign.keyPair = () => { calls += 1; return keyPair(); };
      const { AccessoryInfo } = require("${SCOPED}");
      const { signPk, signSk } = AccessoryInfo.create("0E:11:22:33:44:55");
      const message = Buffer.from("message");
      const isPair = nacl.sign.detached.verify(message, nacl.sign.detached(message, signSk), signPk);
      console.log(calls, isPair, nacl.sign.detached.toString().includes("signedMsg"));`;
    assert.equal((await run(t, code)).stdout, "0 true true\n");
    assert.equal((await run(t, code, { env: { HAPWIRE: "off" } })).stdout, "1 true true\n");
  });
});

interface RunOptions extends Pick<ChildOptions, "engine"> {
  /** Where the program lies. Default: a project without packages of its own. */
  readonly folder?: string;
  readonly file?: string;
  readonly preload?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program under the preload. What it requires is found in its own folder, then in this checkout. */
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

/** Puts a copy of an installed package into a project's node_modules. @returns its folder. */
function copyPackage(name: string, project: string): string {
  const copy = path.join(project, "node_modules", name);
  mkdirSync(copy, { recursive: true });
  for (const part of ["package.json", "dist"]) {
    cpSync(path.join(ROOT, "node_modules", name, part), path.join(copy, part), { recursive: true });
  }
  return copy;
}

function transportOf(packageFolder: string): string {
  return path.join(packageFolder, "dist", "lib", "util", "eventedhttp.js");
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
