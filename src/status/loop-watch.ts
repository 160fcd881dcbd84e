/** Measures by how much the event loop is late: while it stands still, no accessory answers. */

import type { Clock, Timer } from "../clock";
import { Longest, type Lasting } from "./trouble/longest";

/** Milliseconds between two looks at the clock. The reported time of a stall is shorter by up to as much. */
const INTERVAL = 50;
/** Milliseconds. Finds each stall of 200 ms and longer, whenever it begins between two looks. */
const SHORTEST = 200 - INTERVAL;
const LISTED = 10;

export class LoopWatch {
  readonly #clock: Clock;
  readonly #looked: (now: number) => void;
  readonly #stalls: Longest<Lasting>;
  #delays: number[] = [];
  #timer: Timer;

  /** @param looked - Called after each look, with the time of the clock. It takes the delays. */
  constructor(clock: Clock, looked: (now: number) => void) {
    this.#clock = clock;
    this.#looked = looked;
    this.#stalls = new Longest(clock, LISTED);
    this.#timer = this.#lookLater();
  }

  /** The longest stalls of the last hour, the longest first. */
  stalls(): Lasting[] {
    return this.#stalls.list();
  }

  /** The median delay and the longest one since the last call, in milliseconds. */
  takeDelays(): { median: number; longest: number } {
    const delays = this.#delays.sort((a, b) => a - b);
    this.#delays = [];
    return { median: delays[Math.floor(delays.length / 2)] ?? 0, longest: delays.at(-1) ?? 0 };
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #lookLater(): Timer {
    const due = this.#clock.now() + INTERVAL;
    return this.#clock.setTimeout(() => {
      const end = this.#clock.now();
      const milliseconds = Math.max(0, end - due);
      this.#delays.push(milliseconds);
      if (milliseconds >= SHORTEST) {
        this.#stalls.add({ end, milliseconds });
      }
      this.#timer = this.#lookLater();
      this.#looked(end);
    }, INTERVAL);
  }
}
