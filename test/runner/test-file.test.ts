/** The runner of the tests: what goes wrong in a file is named. */

import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";

import { runTestFile, type FileResult } from "./test-file";
import { patient } from "../support/patience";

/** Milliseconds for a test that never ends. */
const LIMIT = patient(2000);

async function runFixture(name: string, limit?: number): Promise<FileResult> {
  return runTestFile(path.join(__dirname, "fixtures", `${name}.js`), limit);
}

describe("the runner of the tests", { concurrency: true, timeout: patient(60_000) }, () => {
  it("counts what passes and is skipped, and shows each failure with its name and error", async () => {
    const { passed, skipped, failures } = await runFixture("fails");
    assert.deepEqual({ passed, skipped }, { passed: 1, skipped: 1 });
    const errors = new Map(failures.map(({ name, error }) => [name, error]));
    assert.deepEqual([...errors.keys()], ["outer > inner > fails", "hook > does not run", "hook"]);
    assert.match(errors.get("outer > inner > fails") ?? "", /1 !== 2[^]*fixtures\/fails\.ts:\d+/);
    assert.match(errors.get("hook") ?? "", /in a hook/);
  });

  for (const { fixture, test } of [
    { fixture: "hangs", test: "a suite > hangs" },
    { fixture: "spins", test: "spins" },
    { fixture: "stays", test: "leaves a timer" },
  ]) {
    it(`names the test under way if a file ${fixture}`, async () => {
      const { failures } = await runFixture(fixture, LIMIT);
      assert.deepEqual(failures, [
        { name: test, error: `no test has begun or ended for ${String(LIMIT / 1000)} s` },
      ]);
    });
  }

  for (const { fixture, test, error } of [
    { fixture: "crashes", test: "a suite > crashes", error: /^the process ended with SIGABRT$/ },
    { fixture: "throws", test: "(no test)", error: /^the process ended with exit code \d$/ },
  ]) {
    it(`names the test under way if a file ${fixture}`, async () => {
      const { failures } = await runFixture(fixture);
      const [failure] = failures;
      assert.equal(failures.length, 1);
      assert.ok(failure !== undefined);
      assert.equal(failure.name, test);
      assert.match(failure.error, error);
    });
  }

  it("keeps the output of a file", async () => {
    const [thrown, crashed] = await Promise.all([runFixture("throws"), runFixture("crashes")]);
    assert.match(thrown.output, /Error: at load/);
    assert.match(crashed.output, /^about to crash/);
  });
});
