/** Quantiles of recent request times, over two spans of time. When the newer span is full, the older one is dropped. */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

import type { Quantiles } from "./report";

/** Milliseconds of a span. The quantiles cover one to two spans. */
const SPAN = 30_000;
const MICROSECONDS = 1000;
/** An hour, in microseconds. Longer times count as an hour. */
const LONGEST = 3_600_000_000;

/** Used again for each sum: the history takes one a second. */
let scratch: RecordableHistogram | undefined;

export class RecentTimes {
  readonly #now: () => number;
  #current = emptyHistogram();
  #previous = emptyHistogram();
  #end: number;

  /** @param now - Milliseconds of a clock. */
  constructor(now: () => number) {
    this.#now = now;
    this.#end = now() + SPAN;
  }

  /**
   * @param milliseconds - From 0 up.
   * @param now - Pass it if the clock was just read.
   */
  add(milliseconds: number, now = this.#now()): void {
    this.#advance(now);
    const microseconds = Math.round(milliseconds * MICROSECONDS);
    this.#current.record(Math.min(Math.max(microseconds, 1), LONGEST));
  }

  /** Quantiles over the recent times of several servers. */
  static quantiles(all: Iterable<RecentTimes>): Quantiles {
    const sum = (scratch ??= emptyHistogram());
    sum.reset();
    for (const times of all) {
      times.#advance(times.#now());
      sum.add(times.#previous);
      sum.add(times.#current);
    }
    if (sum.count === 0) {
      return { p50: null, p99: null };
    }
    return { p50: sum.percentile(50) / MICROSECONDS, p99: sum.percentile(99) / MICROSECONDS };
  }

  #advance(now: number): void {
    const late = now - this.#end;
    if (late < 0) {
      return;
    }
    // After a silence longer than a span, the current one is too old as well.
    this.#previous = late < SPAN ? this.#current : emptyHistogram();
    this.#current = emptyHistogram();
    this.#end = now + SPAN - (late % SPAN);
  }
}

/** Takes about 28 KB; two digits are precise enough to look at. */
function emptyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LONGEST, figures: 2 });
}
