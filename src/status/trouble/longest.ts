/** The longest of the things that happened in the last hour, such as requests and stalls. */

import type { Clock } from "../../clock";
import { HOUR, LastHour } from "./last-hour";

/** Something that took time. */
export interface Lasting {
  /** When it ended, in milliseconds of the clock. */
  readonly end: number;
  readonly milliseconds: number;
}

export class Longest<Thing extends Lasting> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #hour: LastHour<Thing[]>;

  /** @param most - How many things are listed. Thirteen times as many are kept. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#hour = new LastHour<Thing[]>(clock, () => []);
  }

  add(thing: Thing): void {
    insert(this.#hour.current, thing, this.#most);
  }

  /** The longest first. */
  list(): Thing[] {
    const since = this.#clock.now() - HOUR;
    const all = this.#hour.slices.flat().filter(({ end }) => end >= since);
    return all.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, this.#most);
  }
}

/** Keeps a list in order, the longest first, and no longer than `most`. */
function insert<Thing extends Lasting>(list: Thing[], thing: Thing, most: number): void {
  const index = list.findIndex(({ milliseconds }) => milliseconds < thing.milliseconds);
  if (index !== -1) {
    list.splice(index, 0, thing);
    list.length = Math.min(list.length, most);
  } else if (list.length < most) {
    list.push(thing);
  }
}
