/** The goals of the project beside a result. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { GOALS, type Goal } from "#bench/goals";
import { judgeGoals, renderGoals, slowerThan } from "#bench/report/goals";
import type { Figure } from "#bench/result";
import { SCENARIOS } from "#bench/scenarios";
import { EXAMPLE, exampleWithFigures } from "./example-result";

describe("judgeGoals", () => {
  const goal: Goal = { title: "seal", figure: "codec/150/seal" };
  const verdicts = (bounds: Partial<Goal>): string[] =>
    judgeGoals(EXAMPLE, [{ ...goal, ...bounds }]).flatMap(({ checks }) =>
      checks.map(({ measured, verdict }) => `${measured} ${verdict}`),
    );

  it("wants at least so far ahead", () => {
    assert.deepEqual(verdicts({ ahead: 7.5 }), ["7.54 × met"]);
    assert.deepEqual(verdicts({ ahead: 7.6 }), ["7.54 × missed"]);
  });

  it("wants at most so many times the limit, and at most so much", () => {
    assert.deepEqual(verdicts({ ofLimit: 1.1, atMost: 600 }), ["1.08 × met", "567 ns met"]);
    assert.deepEqual(verdicts({ ofLimit: 1.05, atMost: 500 }), ["1.08 × missed", "567 ns missed"]);
  });

  it("does not count a figure within the noise of HAP-NodeJS as ahead", () => {
    const noise = { figure: "whole-stack/get-100/cpu", ahead: 1 };
    assert.deepEqual(verdicts(noise), ["within the noise missed"]);
  });

  it("takes a figure within the noise of the limit for the limit's", () => {
    assert.deepEqual(verdicts({ figure: "get/one/cpu", ofLimit: 1.01 }), ["within the noise met"]);
  });

  it("judges no single sample", () => {
    const metric = (contender: string, sample: number): Figure => ({ contender, samples: [sample] });
    const figures = [metric("hapwire", 1), metric("hap-nodejs", 9), metric("limit", 1)];
    const one = {
      name: "150",
      title: "",
      metrics: [{ name: "seal", title: "", unit: "ns", figures }],
    } as const;
    const result = { ...EXAMPLE, scenarios: [{ name: "codec", title: "", how: "", cases: [one] }] };
    const [judged] = judgeGoals(result, [{ ...goal, ahead: 2, ofLimit: 2 }]);
    assert.deepEqual(
      judged?.checks.map(({ measured, verdict }) => `${measured} ${verdict}`),
      Array(2).fill("a single sample unmeasured"),
    );
  });

  it("says if the limit misses a missed goal too", () => {
    const remarks = (ahead: number): (string | undefined)[] =>
      judgeGoals(EXAMPLE, [{ ...goal, ahead }]).flatMap(({ checks }) => checks.map(({ remark }) => remark));
    assert.deepEqual(remarks(7.5), [undefined]);
    assert.deepEqual(remarks(7.6), [undefined]);
    assert.deepEqual(remarks(9), ["the limit itself is 8.21 × ahead"]);
  });

  it("does not take a missing figure for a met goal", () => {
    const missing = { figure: "codec/151/seal", ahead: 1, ofLimit: 9, atMost: 1e9 };
    assert.deepEqual(verdicts(missing), Array(3).fill("– unmeasured"));
  });
});

describe("renderGoals", () => {
  const text = renderGoals(EXAMPLE);

  it("prints every goal with its bounds and verdicts", () => {
    for (const { title } of GOALS) assert.ok(text.includes(title), title);
    assert.match(text, /^ +seal 64 KiB +at least 12 × ahead of HAP-NodeJS +12\.3 × +met$/m);
    assert.match(text, /^ +small GET, eight in flight +at least 2\.2 × .* 2\.03 × +missed$/m);
    assert.match(text, /^ +immediate events to 32 .* – +unmeasured$/m);
    assert.match(text, /^ +whole stack, GET \/accessories +at least 1\.7 × .* 1\.76 × +met$/m);
  });

  it("prints the scenarios in which the portable engine is slower than HAP-NodeJS", () => {
    assert.match(text, /^ +portable engine, nowhere slower than HAP-NodeJS: met$/m);
    const slow = exampleWithFigures((figure) => ({ ...figure, contender: swap(figure.contender) }));
    assert.match(renderGoals(slow), /nowhere slower than HAP-NodeJS: missed\n +Burst of changes: /);
  });
});

function swap(contender: string): string {
  return contender === "portable" ? "hap-nodejs" : contender === "hap-nodejs" ? "portable" : contender;
}

describe("slowerThan", () => {
  it("finds the times that one needs more of than another, beyond the noise, largest first", () => {
    assert.deepEqual(slowerThan(EXAMPLE, "hapwire", "hap-nodejs"), []);
    const slower = slowerThan(EXAMPLE, "hap-nodejs", "hapwire");
    assert.equal(slower[0]?.title, "Burst of changes: 1,500 changes to 32 connections, CPU time of a burst");
    assert.ok(slower.every(({ ratio }) => ratio > 1));
    assert.ok(!slower.some(({ title }) => title.includes("GET of 100 characteristics, CPU time")));
  });
});

describe("GOALS", () => {
  it("name a case and a metric of a scenario", () => {
    const settings = { rounds: 7, quick: false, accessories: 150 };
    const known = SCENARIOS.flatMap((scenario) =>
      [...scenario.cases(settings), ...(scenario.derive?.([]) ?? [])].flatMap((one) =>
        one.metrics.map((metric) => `${scenario.name}/${one.name}/${metric.name}`),
      ),
    );
    assert.deepEqual(
      GOALS.map(({ figure }) => figure).filter((figure) => !known.includes(figure)),
      [],
    );
  });
});
