/** What the event loop is late by, measured only while somebody asks. */

import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";

import type { Clock, Timer } from "../clock";
import type { LoopDelay } from "./report";

/** Milliseconds between two looks at the clock. */
const RESOLUTION = 20;
/** Milliseconds after which a question is the last one. */
const PATIENCE = 10_000;
const NANOSECONDS = 1_000_000;

export class LoopDelayMonitor {
  readonly #clock: Clock;
  readonly #histogram: IntervalHistogram;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  }

  /** Since it was last asked; nothing the first time, and after a pause. */
  take(): LoopDelay {
    const histogram = this.#histogram;
    histogram.enable();
    this.#stopLater();
    const delay =
      histogram.count === 0
        ? { p50: null, max: null }
        : { p50: lateness(histogram.percentile(50)), max: lateness(histogram.max) };
    histogram.reset();
    return delay;
  }

  stop(): void {
    this.#clearTimer();
    this.#histogram.disable();
    this.#histogram.reset();
  }

  #stopLater(): void {
    this.#clearTimer();
    this.#timer = this.#clock.setTimeout(() => {
      this.stop();
    }, PATIENCE);
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** What Node records is the time between two looks, not by how much the second was late. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION);
}
