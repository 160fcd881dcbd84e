/** Statistics over the samples of the rounds. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { median, overlap, percentile, ratioOfRounds, summarize } from "#bench/statistics";

describe("median", () => {
  it("is the value in the middle, whatever the order", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([7]), 7);
  });

  it("compares numbers as numbers", () => {
    assert.equal(median([10, 9, 100]), 10);
  });

  it("is the mean of the two in the middle of an even number", () => {
    assert.equal(median([4, 1, 3, 100]), 3.5);
  });

  it("is NaN of nothing, and leaves its argument as it was", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
    assert.ok(Number.isNaN(median([])));
  });
});

describe("percentile", () => {
  it("goes by the nearest rank", () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    assert.equal(percentile(values, 50), 100);
    assert.equal(percentile(values, 99), 198);
    assert.equal(percentile(values, 100), 200);
    assert.equal(percentile([5], 1), 5);
  });
});

describe("summarize", () => {
  it("has the median between the smallest and the largest", () => {
    assert.deepEqual(summarize([5, 2, 11]), { median: 5, min: 2, max: 11 });
  });

  it("has nothing to say of nothing", () => {
    assert.equal(summarize([]), undefined);
  });
});

describe("overlap", () => {
  const range = (min: number, max: number): { min: number; median: number; max: number } => ({
    min,
    median: (min + max) / 2,
    max,
  });
  const both = (one: [number, number], other: [number, number]): boolean[] => [
    overlap(range(...one), range(...other)),
    overlap(range(...other), range(...one)),
  ];

  it("is true if the ranges share a value, even if it is their last", () => {
    assert.deepEqual(both([1, 3], [2, 4]), [true, true]);
    assert.deepEqual(both([1, 3], [3, 4]), [true, true]);
    assert.deepEqual(both([1, 9], [4, 5]), [true, true]);
    assert.deepEqual(both([2, 2], [2, 2]), [true, true]);
  });

  it("is false if one range ends before the other begins", () => {
    assert.deepEqual(both([1, 3], [3.01, 4]), [false, false]);
  });
});

describe("ratioOfRounds", () => {
  it("divides within each round, so that a slow round changes nothing", () => {
    assert.deepEqual(ratioOfRounds([20, 60, 22], [10, 30, 10]), { median: 2, min: 2, max: 2.2 });
  });

  it("takes the rounds that both have", () => {
    assert.deepEqual(ratioOfRounds([8, 100], [4]), { median: 2, min: 2, max: 2 });
    assert.equal(ratioOfRounds([], [1]), undefined);
    assert.equal(ratioOfRounds([1], []), undefined);
  });

  it("has no answer if the divisor is not a positive number", () => {
    assert.equal(ratioOfRounds([1, 1], [1, 0]), undefined);
    assert.equal(ratioOfRounds([1], [-2]), undefined);
    assert.equal(ratioOfRounds([1], [NaN]), undefined);
  });
});
