/** The argument that reaches child bridges: which processes get it, and what becomes of them if something is missing. */

import assert from "node:assert/strict";
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, it, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";

import { reachChildBridges } from "homebridge-hapwire/dist/child-bridges";

import { patient } from "../support/patience";

const SETTINGS = { name: "hapwire", server: {}, statusPage: undefined };
/** Prints whether it got the argument, and whether it has loaded the plugin's part for child bridges. */
const PROGRAM = `
const isLoaded = Object.keys(require.cache).some((file) => /plugin.dist.child[.]js$/.test(file));
console.log(process.execArgv.includes("--import"), isLoaded);
`;

const before = [...process.execArgv];

afterEach(() => {
  process.execArgv.splice(0, process.execArgv.length, ...before);
});

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-child-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Forks a program as Homebridge forks its child bridges. @returns its exit code and what it wrote. */
async function forked(file: string): Promise<[code: number | null, output: string]> {
  const child = fork(file, [], { silent: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const [code] = (await once(child, "close")) as [number | null];
  return [code, output];
}

describe("the argument for child bridges", { timeout: patient(30_000) }, () => {
  it("loads nothing in other programs that a plugin forks", async (t) => {
    const folder = createFolder(t);
    const file = path.join(folder, "other.js");
    writeFileSync(file, PROGRAM);
    reachChildBridges(folder, SETTINGS);
    assert.deepEqual(await forked(file), [0, "true false\n"]);
  });

  it("does not reach workers, nor Node processes that are not forked", async (t) => {
    const folder = createFolder(t);
    const file = path.join(folder, "childBridgeFork.js");
    writeFileSync(file, PROGRAM);
    reachChildBridges(folder, SETTINGS);
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
    reachChildBridges(folder, SETTINGS);
    const [code, output] = await forked(file);
    assert.equal(code, 0);
    assert.match(
      output,
      /^\[hapwire\] is not active: this Homebridge is not known .*runs as before\nruns\n$/,
    );
  });
});
