/** The records of the last hour: how long they are kept, and how many. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CharacteristicsRequest } from "#src/status/trouble/characteristics";
import { Counts } from "#src/status/trouble/counts";
import { LastHour } from "#src/status/trouble/last-hour";
import { Longest, type Lasting } from "#src/status/trouble/longest";

import { ManualClock } from "../support/clock";

const MINUTE = 60_000;

describe("LastHour", () => {
  it("keeps a slice for an hour at least, and for 65 minutes at most", () => {
    const clock = new ManualClock();
    let made = 0;
    const hour = new LastHour(clock, () => (made += 1));
    assert.equal(hour.current, 1);
    clock.advance(59 * MINUTE);
    assert.equal(hour.current, 2);
    assert.deepEqual(hour.slices, [1, 2]);
    clock.advance(6 * MINUTE);
    assert.deepEqual(hour.slices, [2]);
    clock.advance(60 * MINUTE);
    assert.deepEqual(hour.slices, []);
  });

  it("has thirteen slices at most", () => {
    const clock = new ManualClock();
    let made = 0;
    const hour = new LastHour(clock, () => (made += 1));
    for (let i = 0; i < 500; i += 1) {
      assert.ok(hour.current > 0);
      clock.advance(MINUTE);
    }
    assert.equal(hour.slices.length, 13);
    assert.equal(hour.slices.at(-1), made);
  });
});

describe("Counts", () => {
  it("adds up several slices, with the last of each kind", () => {
    const clock = new ManualClock();
    const counts = new Counts<string>(clock);
    counts.add("a", "first a");
    counts.add("b", "b");
    clock.advance(10 * MINUTE);
    counts.add("a", "second a");
    const now = clock.now();
    assert.deepEqual(counts.list(), [
      { kind: "second a", count: 2, last: now },
      { kind: "b", count: 1, last: now - 10 * MINUTE },
    ]);
  });

  it("tells 512 kinds apart, and goes on to count these", () => {
    const counts = new Counts<number>(new ManualClock());
    for (let round = 0; round < 2; round += 1) {
      for (let kind = 0; kind < 600; kind += 1) {
        counts.add(String(kind), kind);
      }
    }
    const list = counts.list();
    assert.equal(list.length, 512);
    assert.ok(list.every(({ kind, count }) => kind < 512 && count === 2));
  });
});

describe("Longest", () => {
  it("keeps the longest of each slice, and lists the longest of all", () => {
    const clock = new ManualClock();
    const longest = new Longest<Lasting>(clock, 3);
    for (const milliseconds of [5, 1, 9, 7, 3]) {
      longest.add({ end: clock.now(), milliseconds });
    }
    clock.advance(10 * MINUTE);
    longest.add({ end: clock.now(), milliseconds: 8 });
    assert.deepEqual(
      longest.list().map(({ milliseconds }) => milliseconds),
      [9, 8, 7],
    );
    clock.advance(51 * MINUTE);
    assert.deepEqual(
      longest.list().map(({ milliseconds }) => milliseconds),
      [8],
    );
  });
});

describe("the memory of Longest", () => {
  it("has no more of a slice than can be listed", () => {
    let reads = 0;
    const longest = new Longest<Lasting>(new ManualClock(), 3);
    for (let i = 0; i < 100; i += 1) {
      longest.add({
        end: 0,
        get milliseconds() {
          reads += 1;
          return 1;
        },
      });
      reads = 0;
    }
    longest.add({ end: 0, milliseconds: 2 });
    longest.add({ end: 0, milliseconds: 3 });
    longest.add({ end: 0, milliseconds: 4 });
    reads = 0;
    // Adding reads only the three kept entries, and none of the hundred.
    longest.add({ end: 0, milliseconds: 1 });
    assert.equal(reads, 0);
  });
});

describe("CharacteristicsRequest", () => {
  it("names five silent characteristics at most, and returns all errors", () => {
    const request = new CharacteristicsRequest("read", 20);
    const answers = Array.from({ length: 20 }, (_, i) => ({ aid: i, iid: 9, status: -70408 }));
    assert.equal(request.answered(answers).length, 20);
    assert.deepEqual(
      request.silent.map(({ aid }) => aid),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(request.last, { aid: 19, iid: 9 });
  });

  it("ignores entries of another shape", () => {
    const request = new CharacteristicsRequest("write", 1);
    const odd = [
      null,
      undefined,
      5,
      "text",
      { status: -70402 },
      { aid: "1", iid: 2, status: 1 },
      { aid: 1, iid: 2, status: "x" },
    ];
    assert.deepEqual(request.answered(odd), []);
    assert.deepEqual([request.last, request.silent], [undefined, []]);
  });
});
