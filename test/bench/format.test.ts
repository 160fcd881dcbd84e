/** Figures as reports print them. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { formatBound, formatFigure, formatRange } from "#bench/report/format";

describe("figures as they are printed", () => {
  it("have three digits, in the unit that fits their size", () => {
    assert.equal(formatFigure(0.5, "ns"), "0.500 ns");
    assert.equal(formatFigure(1234, "ns"), "1.23 µs");
    assert.equal(formatFigure(999.6, "us"), "1.00 ms");
    assert.equal(formatFigure(61_234, "ms"), "61.2 s");
    assert.equal(formatFigure(26_700, "bytes"), "26.1 KiB");
    assert.equal(formatFigure(-2048, "bytes"), "-2.00 KiB");
    assert.equal(formatFigure(12_345, "count"), "12,345");
    assert.equal(formatFigure(43.71, "ratio"), "43.7 ×");
    assert.equal(formatFigure(0, "us"), "0 ns");
  });

  it("have ranges in the unit of their median", () => {
    assert.equal(formatRange({ median: 979, min: 953, max: 1015 }, "ns"), "953 – 1,015 ns");
    assert.equal(formatRange({ median: 4, min: 4, max: 4 }, "count"), "");
  });

  it("have no trailing zeros if they are bounds", () => {
    assert.equal(formatBound(12, "ratio"), "12 ×");
    assert.equal(formatBound(1.1, "ratio"), "1.1 ×");
    assert.equal(formatBound(1.05, "ratio"), "1.05 ×");
    assert.equal(formatBound(100_000, "ns"), "100 µs");
    assert.equal(formatBound(1, "count"), "1");
  });
});
