/** The `hapwire` command: its help, its exit codes, and the handing on to the benchmarks. */

import assert from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { ROOT, runNode, type ChildOptions, type Ended } from "../support/child";
import { copyPackage } from "../support/package-copy";
import { patient } from "../support/patience";

interface Manifest {
  readonly version: string;
  readonly bin: { readonly hapwire: string };
}

const { version, bin } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;

async function hapwire(
  args: readonly string[],
  packageFolder = ROOT,
  options: ChildOptions = {},
): Promise<Ended> {
  return runNode([path.join(packageFolder, bin.hapwire), ...args], options);
}

/** The package with a benchmark suite that prints its arguments as JSON and ends with exit code 3. */
function copyWithSuite(t: TestContext): string {
  const copy = copyPackage(t);
  mkdirSync(path.join(copy, "dist-bench"));
  writeFileSync(path.join(copy, "dist-bench", "main.js"), SUITE);
  return copy;
}

const SUITE = `exports.main = async (args) => { console.log(JSON.stringify(args)); return 3; };`;

describe("hapwire", { timeout: patient(60_000) }, () => {
  it("is a program that the system can start", () => {
    assert.ok(readFileSync(path.join(ROOT, bin.hapwire), "utf8").startsWith("#!/usr/bin/env node\n"));
  });

  it("says its version", async () => {
    assert.deepEqual(await hapwire(["--version"]), {
      code: 0,
      signal: null,
      stdout: `${version}\n`,
      stderr: "",
    });
  });

  it("helps", async () => {
    const { code, stdout, stderr } = await hapwire(["--help"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    for (const command of ["hapwire doctor", "hapwire bench"]) {
      assert.ok(stdout.includes(command), stdout);
    }
    const doctor = await hapwire(["doctor", "--help"]);
    assert.deepEqual({ code: doctor.code, stderr: doctor.stderr }, { code: 0, stderr: "" });
    assert.match(doctor.stdout, /--json[^]*--verbose/);
  });

  for (const { args, message } of [
    { args: [], message: "a command is missing" },
    { args: ["nonsense"], message: 'there is no command "nonsense"' },
    { args: ["doctor", "--nonsense"], message: "--nonsense" },
    { args: ["doctor", "nonsense"], message: "nonsense" },
  ]) {
    it(`ends with exit code 2 and the usage for: hapwire ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await hapwire(args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      const [first = ""] = stderr.split("\n");
      assert.ok(first.startsWith("hapwire: ") && first.includes(message), stderr);
      assert.match(stderr, /^Usage: hapwire/m);
    });
  }

  it("hands the arguments of bench on to the benchmarks, and their exit code back", async (t) => {
    const args = ["--json", "a file", "--help", "-x"];
    const { code, stdout, stderr } = await hapwire(["bench", ...args], copyWithSuite(t));
    assert.deepEqual({ code, stderr }, { code: 3, stderr: "" });
    assert.deepEqual(JSON.parse(stdout), args);
  });

  it("says that the benchmarks are missing, if they are", async (t) => {
    const { code, stdout, stderr } = await hapwire(["bench"], copyPackage(t));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^hapwire: the benchmark suite is missing: .*dist-bench/);
  });
});

/** A file that is as a full disk; Linux has it. */
const FULL_DISK = "/dev/full";
const HAS_FULL_DISK = existsSync(FULL_DISK);
const SKIPPED = HAS_FULL_DISK ? "" : ` (skipped: there is no ${FULL_DISK})`;

function openFullDisk(t: TestContext): number {
  const descriptor = openSync(FULL_DISK, "w");
  t.after(() => {
    closeSync(descriptor);
  });
  return descriptor;
}

/** The doctor's progress on standard error. */
const PROGRESS = /^hapwire doctor: .*\n/gm;

describe("hapwire, when its output is lost,", { timeout: patient(60_000) }, () => {
  // In doctor, main() ends before the error is there; elsewhere after it.
  for (const { args, exitCode } of [
    { args: ["--help"], exitCode: 0 },
    { args: ["--version"], exitCode: 0 },
    { args: ["doctor", "--help"], exitCode: 0 },
    { args: ["doctor"], exitCode: 0 },
    { args: ["bench"], exitCode: 3 },
  ]) {
    const command = ["hapwire", ...args].join(" ");
    const run = async (t: TestContext, stdout: number | "unread"): Promise<Omit<Ended, "stdout">> => {
      // Without an addon, the engine that is not forced warns.
      const ended = await hapwire(args, copyWithSuite(t), { engine: "portable", stdout });
      return { code: ended.code, signal: ended.signal, stderr: ended.stderr.replace(PROGRESS, "") };
    };

    it(`ends as usual if nobody reads the output: ${command}`, async (t) => {
      assert.deepEqual(await run(t, "unread"), { code: exitCode, signal: null, stderr: "" });
    });

    it(
      `ends with exit code 1 and a line if the disk is full: ${command}${SKIPPED}`,
      { skip: !HAS_FULL_DISK },
      async (t) => {
        const { code, stderr } = await run(t, openFullDisk(t));
        assert.equal(code, 1);
        assert.match(stderr, /^hapwire: standard output cannot be written: ENOSPC: .*\n$/);
      },
    );
  }

  it(`does not mind that nobody hears of an error${SKIPPED}`, { skip: !HAS_FULL_DISK }, async (t) => {
    for (const stderr of ["unread", openFullDisk(t)] as const) {
      const { code, signal } = await hapwire(["nonsense"], ROOT, { stderr });
      assert.deepEqual({ code, signal }, { code: 2, signal: null });
    }
  });
});
