/** Runs of the benchmarks from end to end, as small as they can be. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { describe, it, type TestContext } from "node:test";

import { findCompetitors, HAPWIRE, type Competitor } from "#bench/contenders";
import { runCase } from "#bench/harness/case";
import { ProgressLine } from "#bench/harness/progress";
import { renderGoals } from "#bench/report/goals";
import { renderHtml } from "#bench/report/html";
import { renderTable } from "#bench/report/table";
import { RESULT_FORMAT, type BenchResult, type CaseResult } from "#bench/result";
import { run } from "#bench/run";
import { SCENARIOS } from "#bench/scenarios";
import { burst } from "#bench/scenarios/burst";
import { get } from "#bench/scenarios/get";
import { EXAMPLE } from "./example-result";
import { transportEngines } from "../support/harness";
import { ROOT, runNode } from "../support/child";
import { patient } from "../support/patience";

const MAIN = path.join(ROOT, "dist-bench", "main.js");
const TINY = { rounds: 2, quick: true, connections: 2, accessories: 5 };
/** Milliseconds that a run may take. It starts 15 processes, one after the other: on a busy machine that takes a minute. */
const RUN_PATIENCE = patient(240_000);
/** hapwire on the native engine, or on the portable one if the addon does not load. */
const ENGINE = transportEngines()[0] === "portable" ? "portable" : HAPWIRE;

function competitor(name: string): Competitor {
  const found = findCompetitors().find((each) => each.name === name);
  assert.ok(found !== undefined);
  return found;
}

/** hapwire with a server of its own, from this folder. */
function impostor(name: string): Competitor {
  return { name, title: name, server: path.join(__dirname, "servers", `${name}.js`) };
}

/** A folder that the test removes at its end. */
function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-bench-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

async function runFirstCase(scenario: typeof burst, competitors: Competitor[]): Promise<CaseResult> {
  const [plan] = scenario.cases(TINY);
  assert.ok(plan !== undefined);
  return runCase(plan, competitors, TINY.rounds, () => undefined);
}

describe("a run of the benchmarks", { timeout: patient(300_000) }, () => {
  it("measures every contender in every round and writes the result", async (t) => {
    const file = path.join(temporaryFolder(t), "result.json");
    const names = [ENGINE, "hap-nodejs", "limit"];
    const args = [
      "--quick",
      "--scenario",
      "get,stall",
      "--rounds",
      "2",
      "--connections",
      "2",
      "--accessories",
      "5",
    ];
    const began = Date.now();
    const ended = await runNode([MAIN, ...args, "--contenders", names.join(","), "--json", file], {
      patience: RUN_PATIENCE,
    });
    assert.equal(
      ended.code,
      0,
      `ended with ${String(ended.signal ?? ended.code)}\n${ended.stderr}${ended.stdout}`,
    );
    assert.match(ended.stderr, /^get: 2 connections, one in flight$/m);
    assert.match(ended.stdout, /^Longest stall of the event loop$/m);

    const result = JSON.parse(readFileSync(file, "utf8")) as BenchResult;
    assert.equal(result.format, RESULT_FORMAT);
    const taken = Date.parse(result.taken);
    assert.ok(began <= taken && taken <= Date.now(), result.taken);
    assert.equal(
      result.command,
      `npx hapwire bench --scenario get,stall --contenders ${names.join(",")} --quick --connections 2 --accessories 5`,
    );
    assert.equal(result.quick, true);
    assert.match(ended.stdout, /^A first look, /);
    assert.equal(result.machine.node, process.versions.node);
    assert.deepEqual(
      result.contenders.map(({ name, leftOut }) => [name, leftOut]),
      names.map((name) => [name, undefined]),
    );
    assert.deepEqual(
      result.scenarios.map(({ name, cases }) => [name, cases.map((each) => each.name)]),
      [
        ["get", ["one", "each"]],
        ["stall", ["50x2"]],
      ],
    );
    assert.deepEqual(
      result.scenarios.map(({ cases }) => cases.map(({ cold }) => cold?.map(({ name }) => name))),
      [
        [
          ["cpu", "p50", "p99"],
          ["cpu", "p50", "p99"],
        ],
        [undefined],
      ],
    );
    for (const { figures } of result.scenarios.flatMap(({ cases }) =>
      cases.flatMap(({ cold = [] }) => cold),
    )) {
      assert.deepEqual(
        figures.map(({ contender, samples: [sample = NaN, ...more] }) => [contender, sample > 0, more]),
        names.map((name) => [name, true, []]),
      );
    }
    for (const { metrics } of result.scenarios.flatMap(({ cases }) => cases)) {
      for (const { figures } of metrics) {
        assert.deepEqual(
          figures.map(({ contender, failed }) => [contender, failed]),
          names.map((name) => [name, undefined]),
        );
        assert.ok(
          figures.every(({ samples }) => samples.length === 2 && samples.every((sample) => sample > 0)),
        );
      }
    }
  });

  it("gives no figure to a contender that loses an event, and goes on with the others", async () => {
    const { metrics } = await runFirstCase(burst, [impostor("forgetful"), competitor(ENGINE)]);
    const [forgetful, honest] = metrics[0]?.figures ?? [];
    assert.match(
      forgetful?.failed ?? "",
      /an event was lost, doubled or changed: expected 4\.10 = .*, got 5\.10/,
    );
    assert.deepEqual(forgetful?.samples, []);
    assert.equal(honest?.failed, undefined);
    assert.equal(honest?.samples.length, TINY.rounds);
  });

  it("gives no figure to a contender that answers with another body, or that cannot start", async () => {
    const { metrics } = await runFirstCase(get, [impostor("wrong-answer"), impostor("no-such-server")]);
    const [wrong, absent] = metrics[0]?.figures ?? [];
    assert.match(
      wrong?.failed ?? "",
      /the response to GET \/characteristics\?id=2\.10 differs from the expected one/,
    );
    assert.match(absent?.failed ?? "", /Cannot find module/);
  });

  it("stops a contender that fails in a later round, and drops its figures", async () => {
    const plan = { name: "c", title: "", metrics: [{ name: "cpu", title: "", unit: "us" }] } as const;
    const turns: string[] = [];
    const closed: string[] = [];
    const result = await runCase(
      {
        ...plan,
        prepare: async ({ name }) =>
          Promise.resolve({
            sample: async () => {
              turns.push(name);
              const isFault = name === "b" && turns.length > 2;
              return isFault ? Promise.reject(new Error("too late")) : Promise.resolve({ cpu: turns.length });
            },
            close: async () => Promise.resolve(void closed.push(name)),
          }),
      },
      ["a", "b", "c"].map((name) => ({ name, title: name })),
      3,
      () => undefined,
    );
    assert.equal(turns.join(""), "abcabcac");
    assert.deepEqual(closed, ["a", "b", "c"]);
    assert.deepEqual(result.metrics[0]?.figures, [
      { contender: "a", samples: [1, 4, 7] },
      { contender: "b", samples: [], failed: "too late" },
      { contender: "c", samples: [3, 6, 8] },
    ]);
  });

  it("takes cold samples by turns too, as long as there are rounds of them", async () => {
    const turns: string[] = [];
    const result = await runCase(
      {
        name: "c",
        title: "",
        metrics: [{ name: "cpu", title: "", unit: "us" }],
        prepare: async ({ name }) =>
          Promise.resolve({
            sample: async () => Promise.resolve({ cpu: turns.push(name) }),
            close: async () => Promise.resolve(),
          }),
        cold: {
          rounds: 2,
          async sample({ name }) {
            const turn = turns.push(name.toUpperCase());
            return name === "b" && turn > 4
              ? Promise.reject(new Error("too cold"))
              : Promise.resolve({ cpu: turn });
          },
        },
      },
      ["a", "b"].map((name) => ({ name, title: name })),
      3,
      () => undefined,
    );
    assert.equal(turns.join(""), "abABabABab");
    assert.deepEqual(result.metrics[0]?.figures, [
      { contender: "a", samples: [1, 5, 9] },
      { contender: "b", samples: [2, 6, 10] },
    ]);
    assert.deepEqual(result.cold, [
      {
        name: "cpu",
        title: "",
        unit: "us",
        figures: [
          { contender: "a", samples: [3, 7] },
          { contender: "b", samples: [], failed: "too cold" },
        ],
      },
    ]);
  });

  it("names the contenders that are not installed, and leaves them out", async () => {
    const absent = { ...competitor("hap-nodejs"), leftOut: "it is not installed" };
    const request = { ...TINY, rounds: 1, scenarios: ["get"], contenders: ["hap-nodejs"] };
    const progress = new ProgressLine(new PassThrough(), false);
    const { contenders, scenarios } = await run(request, [get], [absent], "npm run bench", progress);
    assert.deepEqual(contenders, [
      { name: "hap-nodejs", title: absent.title, leftOut: "it is not installed" },
    ]);
    assert.ok(
      scenarios[0]?.cases.every(({ metrics }) => metrics.every(({ figures }) => figures.length === 0)),
    );
  });

  it("lists the scenarios, and says what is wrong with a command line", async () => {
    const list = await runNode([MAIN, "--list"]);
    assert.equal(list.code, 0);
    assert.deepEqual(
      list.stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ", 1)[0]),
      SCENARIOS.map(({ name }) => name),
    );
    const wrong = await runNode([MAIN, "--rounds", "none"]);
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^hapwire: --rounds must be a whole number.*\nTry: npx hapwire bench --help$/m,
    );
    assert.doesNotMatch(wrong.stderr, /npm run/);
  });

  it("refuses an output file that it cannot write before it measures", async (t) => {
    const file = path.join(temporaryFolder(t), "no-such-folder", "result.json");
    for (const option of ["--json", "--html"]) {
      const { code, stdout, stderr } = await runNode([MAIN, "--quick", option, file]);
      assert.equal(code, 1);
      assert.match(stderr, /^hapwire: ENOENT: .*no-such-folder/);
      assert.equal(stdout, "");
    }
  });

  it("shows a stored result, with a report and the goals", async (t) => {
    const folder = temporaryFolder(t);
    const [json, html] = [path.join(folder, "result.json"), path.join(folder, "report.html")];
    writeFileSync(json, JSON.stringify(EXAMPLE));
    const { code, stdout, stderr } = await runNode([MAIN, "--from", json, "--html", html, "--goals"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${renderTable(EXAMPLE)}\n\n${renderGoals(EXAMPLE)}\n`);
    assert.equal(readFileSync(html, "utf8"), renderHtml(EXAMPLE));
    const missing = await runNode([MAIN, "--from", path.join(folder, "none.json")]);
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      /^hapwire: .*none\.json cannot be read as a result of the benchmarks: ENOENT/,
    );
  });
});
