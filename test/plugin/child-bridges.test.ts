/** The argument that reaches child bridges: which processes get it, and what becomes of them if something is missing. */

import assert from "node:assert/strict";
import { fork, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

import * as plugin from "homebridge-hapwire/dist/child-bridges";

import { patient } from "../support/patience";

const SETTINGS = { name: "hapwire", server: {}, statusPage: undefined };
/** Prints whether it got the argument, and whether it has loaded the plugin's part for child bridges. */
const PROGRAM = `
const isLoaded = Object.keys(require.cache).some((file) => /plugin.dist.child[.]js$/.test(file));
console.log(process.execArgv.includes("--import"), isLoaded);
`;

const load = createRequire(__filename);

/** Until the test is over. */
function reachChildBridges(
  t: TestContext,
  storage: string,
  { reachChildBridges: reach }: typeof plugin = plugin,
): void {
  t.after(reach(storage, SETTINGS));
}

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-child-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Forks a program as Homebridge forks its child bridges. @returns Its exit code and its output. */
async function forked(file: string): Promise<[code: number | null, output: string]> {
  return outputOf(fork(file, [], { silent: true }));
}

async function outputOf(child: ChildProcess): Promise<[code: number | null, output: string]> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const [code] = (await once(child, "close")) as [number | null];
  return [code, output];
}

describe("the argument for child bridges", { timeout: patient(30_000) }, () => {
  it("does not reach other programs that a plugin forks, of whatever extension", async (t) => {
    const folder = createFolder(t);
    reachChildBridges(t, folder);
    for (const name of ["other.js", "other.task"]) {
      const file = path.join(folder, name);
      writeFileSync(file, PROGRAM);
      assert.deepEqual(await forked(file), [0, "false false\n"]);
    }
  });

  it("is there only while a child bridge is forked", (t) => {
    const before = process.execArgv;
    const copy = [...before];
    reachChildBridges(t, createFolder(t));
    assert.throws(() => fork("childBridgeFork.js", 5 as unknown as string[]), TypeError);
    assert.equal(process.execArgv, before);
    assert.deepEqual(process.execArgv, copy);
  });

  it("reaches a child bridge that an ES module forks", async (t) => {
    const folder = createFolder(t);
    const [file, parent] = [path.join(folder, "childBridgeFork.js"), path.join(folder, "parent.mjs")];
    writeFileSync(file, PROGRAM);
    writeFileSync(
      parent,
      `import { fork } from "node:child_process";
       export const start = () => fork(${JSON.stringify(file)}, [], { silent: true });`,
    );
    const { start } = (await import(pathToFileURL(parent).href)) as { start: () => ChildProcess };
    reachChildBridges(t, folder);
    const [code, output] = await outputOf(start());
    assert.equal(code, 0);
    assert.match(output, /true true\n$/);
  });

  it("does not reach workers, nor Node processes that are not forked", async (t) => {
    const folder = createFolder(t);
    const file = path.join(folder, "childBridgeFork.js");
    writeFileSync(file, PROGRAM);
    reachChildBridges(t, folder);
    assert.equal(spawnSync(process.execPath, [file], { encoding: "utf8" }).stdout, "false false\n");
    const worker = new Worker(file, { stdout: true });
    const [chunk] = (await once(worker.stdout, "data")) as [Buffer];
    assert.match(chunk.toString(), / false\n$/);
    await worker.terminate();
  });

  it("says so if a child bridge is of a Homebridge that is not known, and lets it run", async (t) => {
    const folder = createFolder(t);
    const file = path.join(folder, "childBridgeFork.js");
    writeFileSync(file, 'console.log("runs")');
    reachChildBridges(t, folder);
    const [code, output] = await forked(file);
    assert.equal(code, 0);
    assert.match(
      output,
      /^\[hapwire\] is not active: this Homebridge is not known .*runs as before\nruns\n$/,
    );
  });

  for (const [what, child] of [
    ["of another version", "exports.start = undefined;"],
    ["that was cut off", ""],
    ["that throws nothing", "throw undefined;"],
  ] as const) {
    it(`lets a child bridge run beside a plugin ${what}`, async (t) => {
      const folder = createFolder(t);
      const copy = path.join(folder, "child-bridges.js");
      copyFileSync(load.resolve("homebridge-hapwire/dist/child-bridges"), copy);
      writeFileSync(path.join(folder, "child.js"), child);
      const file = path.join(folder, "childBridgeFork.js");
      writeFileSync(file, 'console.log("runs")');
      reachChildBridges(t, folder, load(copy) as typeof plugin);
      const [code, output] = await forked(file);
      assert.equal(code, 0, output);
      assert.match(output, /^\[hapwire\] is not active: .*; this bridge runs as before$/m);
      assert.match(output, /^runs$/m);
    });
  }
});
