/** Counts the events of the last hour, by kind. */

import type { Clock } from "../../clock";
import { LastHour } from "./last-hour";

/** Far more kinds than a bridge with every accessory in trouble has. Further ones are not counted. */
const MAX_KINDS = 512;

export interface Counted<Kind> {
  /** As it was given the last time. */
  kind: Kind;
  count: number;
  /** The last time, in milliseconds of the clock. */
  last: number;
}

export class Counts<Kind> {
  readonly #clock: Clock;
  readonly #hour: LastHour<Map<string, Counted<Kind>>>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#hour = new LastHour(clock, () => new Map<string, Counted<Kind>>());
  }

  /** @param key - Equal for things of the same kind. */
  add(key: string, kind: Kind): void {
    const slice = this.#hour.current;
    const counted = slice.get(key);
    const last = this.#clock.now();
    if (counted !== undefined) {
      counted.kind = kind;
      counted.count += 1;
      counted.last = last;
    } else if (slice.size < MAX_KINDS) {
      slice.set(key, { kind, count: 1, last });
    }
  }

  /** The most frequent kind first. */
  list(): Counted<Kind>[] {
    const sums = new Map<string, Counted<Kind>>();
    for (const slice of this.#hour.slices) {
      for (const [key, { kind, count, last }] of slice) {
        sums.set(key, { kind, count: count + (sums.get(key)?.count ?? 0), last });
      }
    }
    return [...sums.values()].sort((a, b) => b.count - a.count);
  }
}
