/** The longest stalls of the event loop in the last hour: while it stands still, no accessory answers. */

import type { Clock, Timer } from "../../clock";
import { Longest, type Lasting } from "./longest";

/** Milliseconds between two looks at the clock. The reported time of a stall is shorter by up to as much. */
const INTERVAL = 250;
/** Milliseconds. Nobody notices a shorter stall. */
const SHORTEST = 200;
const LISTED = 10;

export class Stalls {
  readonly #clock: Clock;
  readonly #longest: Longest<Lasting>;
  #timer: Timer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#longest = new Longest(clock, LISTED);
    this.#timer = this.#lookLater();
  }

  /** The longest first. */
  list(): Lasting[] {
    return this.#longest.list();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #lookLater(): Timer {
    const due = this.#clock.now() + INTERVAL;
    return this.#clock.setTimeout(() => {
      const end = this.#clock.now();
      if (end - due >= SHORTEST) {
        this.#longest.add({ end, milliseconds: end - due });
      }
      this.#timer = this.#lookLater();
    }, INTERVAL);
  }
}
