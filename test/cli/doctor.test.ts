/** `hapwire doctor`, as a program: its findings on both engines, and on a broken installation. */

import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";

import { engineInfo, type EngineName } from "hapwire";
import type { Report } from "#src/cli/doctor/report";

import { ROOT, runNode, type ChildOptions, type Ended } from "../support/child";
import { transportEngines } from "../support/harness";
import { copyPackage, OWN_BUILD } from "../support/package-copy";
import { patient } from "../support/patience";
import { CLEAN, PREBUILT } from "../support/shown-engine";

const MAIN = path.join("dist", "cli", "main.js");
const FAULTY_ADDON = path.join(__dirname, "..", "support", "faulty-addon.js");

const HIDDEN_INTERFACES = path.join(__dirname, "..", "support", "hidden-interfaces.js");

const HAS_NATIVE = engineInfo().name === "native";
const SKIPPED = " (skipped: the portable engine runs here)";

interface DoctorOptions extends ChildOptions {
  readonly packageFolder?: string;
  /** Arguments for Node itself. */
  readonly nodeArgs?: readonly string[];
}

async function doctor(args: readonly string[], options: DoctorOptions = {}): Promise<Ended> {
  const { packageFolder = ROOT, nodeArgs = [], ...childOptions } = options;
  return runNode([...nodeArgs, path.join(packageFolder, MAIN), "doctor", ...args], childOptions);
}

async function reportOf(options?: DoctorOptions): Promise<{ code: number | null; report: Report }> {
  const { code, stdout } = await doctor(["--json"], options);
  return { code, report: JSON.parse(stdout) as Report };
}

function nameOf({ engine }: Report): EngineName | undefined {
  return "error" in engine ? undefined : engine.name;
}

function failuresOf({ checks }: Report): string[] {
  return checks.filter(({ error }) => error !== undefined).map(({ title }) => title);
}

function problemsOf({ advice }: Report): string[] {
  return advice.filter(({ kind }) => kind === "problem").map(({ text }) => text);
}

for (const engine of transportEngines()) {
  describe(`hapwire doctor (${engine})`, { timeout: patient(60_000) }, () => {
    it("finds the engine, tests it and measures it", async () => {
      const { code, report } = await reportOf({ engine });
      assert.equal(code, 0);
      assert.ok(report.ok);
      assert.ok(!("error" in report.engine));
      assert.deepEqual(
        { name: report.engine.name, choice: report.engine.choice },
        { name: engine, choice: "forced" },
      );
      assert.deepEqual(failuresOf(report), []);
      const titles = report.checks.filter((check) => check.engine === engine).map(({ title }) => title);
      assert.deepEqual(titles, [
        "test vector of RFC 8439",
        "seal and open, cut anywhere",
        "damaged frames refused",
        "a session on loopback",
      ]);
      assert.equal(report.machine.version, process.versions.node);
      assert.equal(report.environment.engine, engine);
      assert.ok(report.speed?.engine === engine);
      for (const figure of [report.speed.sealSmall, report.speed.openSmall, report.speed.sealLarge]) {
        assert.ok(Number.isFinite(figure) && figure > 0, JSON.stringify(report.speed));
      }
    });

    it("says the same to people, without colours in a file", async () => {
      const { code, stdout, stderr } = await doctor([], { engine });
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`in use +${engine}: HAPWIRE_ENGINE=${engine} asks for it`));
      assert.match(stdout, new RegExp(`${engine} +ok +a session on loopback`));
      assert.match(stdout, /seal +[\d.]+ µs for 150 bytes +\d+ MB\/s/);
      assert.ok(!stdout.includes("\u001b"));
      assert.match(stderr, /measuring/);
    });
  });
}

describe("hapwire doctor", { timeout: patient(60_000) }, () => {
  it("tells no address, unless it is asked to", async () => {
    const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const { stdout: silent } = await doctor(["--json"]);
    const { stdout: verbose } = await doctor(["--json", "--verbose"]);
    assert.ok(infos.length > 0);
    for (const { address, mac } of infos) {
      assert.ok(!silent.includes(address), `${address} is told`);
      assert.ok(verbose.includes(address), `${address} is missing`);
      assert.ok(!verbose.includes(mac), `${mac} is told`);
    }
    assert.deepEqual(
      (JSON.parse(silent) as Report).interfaces.map(({ name }) => name),
      Object.keys(networkInterfaces()),
    );
  });

  it("does its work if the system shows no network interface", async () => {
    const { code, stdout } = await doctor([], { nodeArgs: ["--require", HIDDEN_INTERFACES] });
    assert.equal(code, 0);
    assert.match(stdout, /Network\n +none +the system shows none\n/);
    assert.match(stdout, /hint +The system shows no network interface/);
    assert.doesNotMatch(stdout, /no controller can reach/);
  });

  it(`compares both engines if both load${HAS_NATIVE ? "" : SKIPPED}`, { skip: !HAS_NATIVE }, async () => {
    const { report } = await reportOf();
    assert.ok(!("error" in report.engine));
    assert.equal(report.engine.choice, "preferred");
    assert.deepEqual(
      report.checks.filter(({ engine }) => engine === "both"),
      [{ title: "both engines agree", engine: "both" }],
    );
  });

  it(
    `ends with exit code 1 if the addon seals wrongly${HAS_NATIVE ? "" : SKIPPED}`,
    { skip: !HAS_NATIVE },
    async () => {
      const { code, report } = await reportOf({ nodeArgs: ["--require", FAULTY_ADDON] });
      assert.equal(code, 1);
      assert.ok(!report.ok);
      assert.deepEqual(failuresOf(report), [
        "test vector of RFC 8439",
        "seal and open, cut anywhere",
        "damaged frames refused",
        "a session on loopback",
        "both engines agree",
      ]);
      assert.equal(report.speed, undefined);
      assert.match(problemsOf(report).join("\n"), /self-test failed/);
    },
  );

  it("advises if the addon is damaged and the portable engine runs", async (t) => {
    const { code, report } = await reportOf({ packageFolder: copyPackage(t, { damaged: [OWN_BUILD] }) });
    assert.equal(code, 0);
    assert.equal(nameOf(report), "portable");
    assert.deepEqual(
      report.engines.map((state) => "error" in state),
      [true, false],
    );
    assert.match(report.advice.map(({ text }) => text).join("\n"), /npm rebuild hapwire/);
  });

  it(
    `says which addon loaded, and why the one before it did not${HAS_NATIVE ? "" : SKIPPED}`,
    { skip: !HAS_NATIVE },
    async (t) => {
      const packageFolder = copyPackage(t, { damaged: [OWN_BUILD], addons: [PREBUILT] });
      const { code, stdout } = await doctor([], { packageFolder, env: CLEAN });
      assert.equal(code, 0);
      const shown = new RegExp(
        ` addon +prebuilt: \\S+/${PREBUILT}\n +not used +\\S+/${OWN_BUILD}\n +the file is damaged: .*\n`,
      );
      assert.match(stdout, shown);
      assert.match(stdout, / hint +\S+ does not load, and \S+ is used instead\. Delete the file/);
    },
  );

  it("ends with exit code 1 if the engine that is asked for does not load", async (t) => {
    for (const packageFolder of [copyPackage(t, { damaged: [OWN_BUILD] }), copyPackage(t)]) {
      const { code, report } = await reportOf({ packageFolder, engine: "native" });
      assert.equal(code, 1);
      assert.equal(nameOf(report), undefined);
      assert.match(problemsOf(report).join("\n"), /the native engine cannot run here/);
      assert.equal(report.speed, undefined);
      // The engine that loads is tested all the same.
      assert.deepEqual(failuresOf(report), []);
      assert.ok(report.checks.some(({ engine }) => engine === "portable"));
    }
  });

  it("ends with exit code 1 if HAPWIRE_ENGINE makes no sense", async () => {
    const { code, stdout } = await doctor([], { engine: "nonsense" });
    assert.equal(code, 1);
    assert.match(stdout, /problem +There is no engine to run on: HAPWIRE_ENGINE must be/);
  });
});
