/** A result as a terminal shows it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { renderTable } from "#bench/report/table";
import type { BenchResult, Figure, Metric } from "#bench/result";

const FIGURES: Figure[] = [
  { contender: "hapwire", samples: [10, 12, 11] },
  { contender: "hap-nodejs", samples: [100, 120, 132] },
  { contender: "portable", samples: [], failed: "an event was lost" },
  { contender: "limit", samples: [5, 8, 10] },
];

describe("the table", () => {
  const table = renderTable(resultWith(FIGURES));

  it("shows the median with the smallest and the largest", () => {
    assert.match(table, /hapwire +11\.0 µs +10\.0 – 12\.0 µs/);
  });

  it("shows how far hapwire is ahead, by the median of the rounds' ratios", () => {
    assert.match(table, /ahead of HAP-NodeJS +10\.0 × +10\.0 – 12\.0 ×/);
  });

  it("shows no ratio if the ranges of the contenders overlap", () => {
    assert.match(table, /times the limit +within the noise$/m);
    const apart = FIGURES.map((figure) =>
      figure.contender === "limit" ? { ...figure, samples: [5, 8, 9.9] } : figure,
    );
    assert.match(renderTable(resultWith(apart)), /times the limit +1\.50 × +1\.11 – 2\.00 ×/);
  });

  it("shows no ratio of single samples, whose noise nobody knows", () => {
    const single = FIGURES.map((figure) => ({ ...figure, samples: figure.samples.slice(0, 1) }));
    assert.match(renderTable(resultWith(single)), /ahead of HAP-NodeJS +a single sample$/m);
  });

  it("says why there is no figure, and who was left out", () => {
    assert.match(table, /portable engine +no figure: an event was lost/);
    assert.match(table, /left out: sodium-native: it is not installed/);
  });

  it("has cold figures in a second column, and explains them", () => {
    assert.doesNotMatch(table, /cold/);
    const cold = FIGURES.map((figure) => ({ ...figure, samples: figure.samples.map((each) => 4 * each) }));
    const both = renderTable(resultWith(FIGURES, cold));
    assert.match(both, /^ +warm +cold$/m);
    assert.match(both, /hapwire +11\.0 µs +10\.0 – 12\.0 µs +44\.0 µs +40\.0 – 48\.0 µs/);
    assert.match(both, /A cold figure comes from a fresh process/);
  });

  it("marks a quick run and a run of few rounds as a first look", () => {
    assert.doesNotMatch(table, /first look/i);
    assert.match(renderTable({ ...resultWith(FIGURES), quick: true }), /^A first look, .* --quick/);
    const few = FIGURES.map((figure) => ({ ...figure, samples: figure.samples.slice(1) }));
    assert.match(renderTable(resultWith(few)), /^A first look, .* the run has 2 rounds\.$/m);
  });
});

function resultWith(figures: Figure[], cold?: Figure[]): BenchResult {
  const metric = { name: "cpu", title: "CPU time", unit: "us" } as const;
  const metrics = (own: Figure[]): Metric[] => [{ ...metric, figures: own }];
  const one = { name: "c", title: "a case", metrics: metrics(figures) };
  return {
    format: 1,
    taken: "2026-01-02T03:04:05.678Z",
    command: "npm run bench",
    machine: {
      cpu: "a processor",
      cores: 2,
      memory: 2 ** 30,
      platform: "linux",
      arch: "x64",
      kernel: "6.1",
      node: "20.0.0",
      openssl: "3.0.0",
      hapwire: "0.1.0",
    },
    contenders: [
      { name: "hapwire", title: "hapwire" },
      { name: "sodium-native", title: "sodium-native", leftOut: "it is not installed" },
    ],
    scenarios: [
      {
        name: "s",
        title: "A scenario",
        how: "",
        cases: [cold === undefined ? one : { ...one, cold: metrics(cold) }],
      },
    ],
  };
}
