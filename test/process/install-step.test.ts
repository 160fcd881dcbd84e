/** The install step of the package. */

import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { runNode, type Ended } from "../support/child";
import { copyPackage } from "../support/package-copy";
import { patient } from "../support/patience";
import { CLEAN, NATIVE, PREBUILT, SKIPPED } from "../support/shown-engine";

const LOADER = path.join("dist", "engine", "addon.js");

describe("the install step", { timeout: patient(120_000) }, () => {
  it(`is silent and builds nothing if the prebuilt addon loads${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const ended = await install(copy);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: "", stderr: "" });
    assert.ok(!existsSync(path.join(copy, "build")));
  });

  it(`says so if the wanted build fails and the prebuilt addon loads${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const { code, stdout, stderr } = await install(copy, { npm_config_build_from_source: "true" });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(
      stderr,
      /^hapwire: the addon could not be built here, and the addon that is already there is used[^\n]*\n$/,
    );
  });

  it("prints one line and succeeds if there is no addon and none can be built", async (t) => {
    const { code, stdout, stderr } = await install(copyPackage(t));
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(
      stderr,
      /^hapwire: no native engine for \S+: there is no [^\n]*, and the addon could not be built here\. [^\n]*npm rebuild hapwire [^\n]*\.\n$/,
    );
  });

  it(`names the remedy for addons that Node refuses, and no compiler${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const { code, stdout, stderr } = await install(copy, { NODE_OPTIONS: "--no-addons" });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(
      stderr,
      /^hapwire: [^\n]*disabled[^\n]* For the native engine, start Node without --no-addons\.\n$/,
    );
  });

  it(`ignores the output of a preloaded module${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    writeFileSync(path.join(copy, "printing.js"), 'console.log("preloaded");');
    const env = { NODE_OPTIONS: `--require "${path.join(copy, "printing.js")}"` };
    assert.deepEqual(await install(copy, env), { code: 0, signal: null, stdout: "preloaded\n", stderr: "" });
    rmSync(path.join(copy, PREBUILT));
    assert.match((await install(copy, env)).stderr, /^hapwire: no native engine for \S+: there is no /);
  });

  it("says so if the addon ends the process that tries it", async (t) => {
    const copy = copyPackage(t);
    // SIGKILL and not SIGBUS, which a sanitizer would catch.
    writeFileSync(path.join(copy, LOADER), 'process.kill(process.pid, "SIGKILL");');
    const { code, stderr } = await install(copy);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^hapwire: [^\n]*the addon ended its process with SIGKILL[^\n]*hapwire doctor[^\n]*\n$/,
    );
  });
});

/** As npm runs it, on a system without any program that could build the addon. */
async function install(packageFolder: string, variables: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = {
    ...CLEAN,
    PATH: path.join(packageFolder, "nothing"),
    npm_config_build_from_source: undefined,
    npm_config_loglevel: undefined,
    ...variables,
  };
  return runNode([path.join(packageFolder, "native", "install.js")], { cwd: packageFolder, env });
}
