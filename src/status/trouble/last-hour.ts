/** Keeps records of the last hour: one slice for every five minutes. The oldest slices are dropped. */

import type { Clock } from "../../clock";

/** In milliseconds. */
export const HOUR = 3_600_000;
const SLICE = 300_000;
/** An hour of full slices, and the one that is being filled. */
const SLICES = HOUR / SLICE + 1;

export class LastHour<Slice> {
  readonly #clock: Clock;
  readonly #create: () => Slice;
  /** By the number of the slice, the oldest first. */
  readonly #slices = new Map<number, Slice>();

  constructor(clock: Clock, create: () => Slice) {
    this.#clock = clock;
    this.#create = create;
  }

  /** The slice that is being filled. */
  get current(): Slice {
    const number = this.#dropOld();
    let slice = this.#slices.get(number);
    if (slice === undefined) {
      slice = this.#create();
      this.#slices.set(number, slice);
    }
    return slice;
  }

  /** The slices of the last hour, the oldest first. */
  get slices(): Slice[] {
    this.#dropOld();
    return [...this.#slices.values()];
  }

  /** @returns The number of the slice that is being filled. */
  #dropOld(): number {
    const number = Math.floor(this.#clock.now() / SLICE);
    for (const old of this.#slices.keys()) {
      if (old > number - SLICES) {
        break;
      }
      this.#slices.delete(old);
    }
    return number;
  }
}
