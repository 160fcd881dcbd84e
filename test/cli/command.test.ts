/** The `hapwire` command: its help, its exit codes, and the handing on to the benchmarks. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { ROOT, runNode, type Ended } from "../support/child";
import { copyPackage } from "../support/package-copy";
import { patient } from "../support/patience";

interface Manifest {
  readonly version: string;
  readonly bin: { readonly hapwire: string };
}

const { version, bin } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;

async function hapwire(args: readonly string[], packageFolder = ROOT): Promise<Ended> {
  return runNode([path.join(packageFolder, bin.hapwire), ...args]);
}

/** A benchmark suite that prints its arguments as JSON and ends with exit code 3. */
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
    const copy = copyPackage(t);
    mkdirSync(path.join(copy, "dist-bench"));
    writeFileSync(path.join(copy, "dist-bench", "main.js"), SUITE);
    const args = ["--json", "a file", "--help", "-x"];
    const { code, stdout, stderr } = await hapwire(["bench", ...args], copy);
    assert.deepEqual({ code, stderr }, { code: 3, stderr: "" });
    assert.deepEqual(JSON.parse(stdout), args);
  });

  it("says so where the benchmarks are missing", async (t) => {
    const { code, stdout, stderr } = await hapwire(["bench"], copyPackage(t));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /^hapwire: the benchmark suite is not here: .*dist-bench/);
  });
});
