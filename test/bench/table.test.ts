/** How a result is shown in a terminal. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { renderTable } from "#bench/report/table";
import type { BenchResult, Figure } from "#bench/result";

describe("the table", () => {
  const table = renderTable(
    resultWith([
      { contender: "hapwire", samples: [10, 12, 11] },
      { contender: "hap-nodejs", samples: [100, 120, 132] },
      { contender: "portable", samples: [], failed: "an event was lost" },
      { contender: "limit", samples: [5, 8, 11] },
    ]),
  );

  it("shows the median with the smallest and the largest", () => {
    assert.match(table, /hapwire +11\.0 µs {2}10\.0 – 12\.0 µs/);
  });

  it("shows how far hapwire is ahead and how near the limit, by the median of the rounds' ratios", () => {
    assert.match(table, /ahead of HAP-NodeJS: 10\.0 ×/);
    assert.match(table, /of the limit: 1\.50 ×/);
  });

  it("says why there is no figure, and who was left out", () => {
    assert.match(table, /portable +no figure: an event was lost/);
    assert.match(table, /left out: sodium-native: it is not installed/);
  });
});

function resultWith(figures: Figure[]): BenchResult {
  const metrics = [{ name: "cpu", title: "CPU time", unit: "us", figures }] as const;
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
      { name: "s", title: "A scenario", how: "", cases: [{ name: "c", title: "a case", metrics }] },
    ],
  };
}
