/** The delay of the event loop, and its stalls. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { LoopWatch } from "#src/status/loop-watch";

import { ManualClock } from "../support/clock";

function start(t: TestContext): { watch: LoopWatch; clock: ManualClock } {
  const clock = new ManualClock();
  const watch = new LoopWatch(clock, () => undefined);
  t.after(() => {
    watch.stop();
  });
  return { watch, clock };
}

describe("the watch of the event loop", () => {
  it("gives the median and the longest delay since the last call", (t) => {
    const { watch, clock } = start(t);
    for (const milliseconds of [50, 55, 150]) {
      clock.stall(milliseconds);
    }
    assert.deepEqual(watch.takeDelays(), { median: 5, longest: 100 });
    clock.advance(50);
    assert.deepEqual(watch.takeDelays(), { median: 0, longest: 0 });
    assert.deepEqual(watch.takeDelays(), { median: 0, longest: 0 });
  });

  it("finds each stall of 200 ms, whenever it begins", (t) => {
    const { watch, clock } = start(t);
    for (let offset = 0; offset <= 50; offset += 5) {
      clock.advance(1000);
      clock.advance(offset);
      clock.stall(200);
      assert.equal(watch.stalls().length, Math.min(10, 1 + offset / 5), `${String(offset)} ms after a look`);
    }
  });

  it("takes no shorter delay for a stall", (t) => {
    const { watch, clock } = start(t);
    clock.stall(199);
    assert.deepEqual(watch.stalls(), []);
  });

  it("leaves no timer behind", (t) => {
    const { watch, clock } = start(t);
    clock.advance(1000);
    assert.equal(clock.pending, 1);
    watch.stop();
    assert.equal(clock.pending, 0);
  });
});
