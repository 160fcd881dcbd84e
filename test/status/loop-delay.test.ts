/** What the status page says of the event loop: by how much it was late since the last question, and only then. */

import assert from "node:assert/strict";
import perfHooks from "node:perf_hooks";
import { describe, it, type TestContext } from "node:test";

import { LoopDelayMonitor } from "#src/status/loop-delay";

import { ManualClock } from "../support/clock";

const NOTHING = { p50: null, max: null };

/** Node's histogram of the time between two looks at the clock, with times that a test gives. */
class Histogram {
  #times: number[] = [];
  #isEnabled = false;

  enable(): void {
    this.#isEnabled = true;
  }

  disable(): void {
    this.#isEnabled = false;
  }

  reset(): void {
    this.#times = [];
  }

  /** @param milliseconds - Not recorded while it is disabled. */
  look(milliseconds: number): void {
    if (this.#isEnabled) {
      this.#times.push(milliseconds * 1e6);
    }
  }

  get count(): number {
    return this.#times.length;
  }

  get max(): number {
    return Math.max(...this.#times);
  }

  percentile(percent: number): number {
    return this.#times.toSorted((a, b) => a - b)[Math.floor((this.count * percent) / 100)] ?? NaN;
  }
}

function start(t: TestContext): { monitor: LoopDelayMonitor; clock: ManualClock; histogram: Histogram } {
  const clock = new ManualClock();
  const histogram = new Histogram();
  t.mock.method(perfHooks, "monitorEventLoopDelay", ({ resolution }: { resolution: number }) => {
    assert.equal(resolution, 20);
    return histogram;
  });
  return { monitor: new LoopDelayMonitor(clock), clock, histogram };
}

describe("the lateness of the event loop", () => {
  it("is what the time between two looks is longer than it should be, since the last question", (t) => {
    const { monitor, histogram } = start(t);
    histogram.look(100);
    assert.deepEqual(monitor.take(), NOTHING, "measured before anybody asked");
    for (const milliseconds of [19, 25, 120]) {
      histogram.look(milliseconds);
    }
    assert.deepEqual(monitor.take(), { p50: 5, max: 100 });
    histogram.look(19);
    assert.deepEqual(monitor.take(), { p50: 0, max: 0 });
    assert.deepEqual(monitor.take(), NOTHING);
  });

  it("is no longer measured if nobody has asked for 10 seconds", (t) => {
    const { monitor, clock, histogram } = start(t);
    monitor.take();
    clock.advance(9999);
    histogram.look(30);
    assert.deepEqual(monitor.take(), { p50: 10, max: 10 });
    clock.advance(10_000);
    histogram.look(30);
    assert.deepEqual(monitor.take(), NOTHING);
  });

  it("leaves no timer behind", (t) => {
    const { monitor, clock } = start(t);
    monitor.take();
    monitor.take();
    assert.equal(clock.pending, 1);
    monitor.stop();
    assert.equal(clock.pending, 0);
  });
});
