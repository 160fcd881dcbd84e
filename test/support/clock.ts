/** A clock that tests move by hand. */

import type { Clock, Timer } from "hapwire";

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now = 1_000_000;
  /** How far the wall clock is ahead of the clock. */
  #jumped = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  /** The wall clock shows the same, until it jumps. */
  date(): number {
    return this.#now + this.#jumped;
  }

  /** Sets the wall clock forward, or back. */
  jump(milliseconds: number): void {
    this.#jumped += milliseconds;
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const timer = { at: this.#now + delay, callback };
    this.#pending.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer as Pending);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves on, and calls the callbacks that fall due on the way, in their order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#firstDue(end); next !== undefined; next = this.#firstDue(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** The event loop stands still: callbacks that fall due meanwhile are called at the end. */
  stall(milliseconds: number): void {
    this.#now += milliseconds;
    this.advance(0);
  }

  #firstDue(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) {
        first = timer;
      }
    }
    return first;
  }
}
