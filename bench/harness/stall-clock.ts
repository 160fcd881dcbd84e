/** Measures the longest stall of the event loop of this process, by a clock that ticks in each turn. */

export class StallClock {
  #running = false;
  #last = 0;
  #longest = 0;

  start(): void {
    this.#running = true;
    this.#longest = 0;
    this.#last = performance.now();
    this.#tick();
  }

  /** @returns The longest time between two turns, in milliseconds. */
  stop(): number {
    this.#running = false;
    return this.#longest;
  }

  #tick(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
    if (this.#running) {
      setImmediate(() => {
        this.#tick();
      });
    }
  }
}
