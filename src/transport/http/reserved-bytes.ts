/** The bytes of one connection's requests that count towards a budget which it shares with other connections. */

/** A bound on the bytes that several connections hold together. */
export interface Budget {
  /** @returns false if there is no room for so many bytes; none are reserved then. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

export class ReservedBytes {
  #budget: Budget | undefined;
  #total = 0;

  constructor(budget: Budget | undefined) {
    this.#budget = budget;
  }

  /** @returns false if the budget has no room. Always true without a budget. */
  take(bytes: number): boolean {
    if (this.#budget === undefined) {
      return true;
    }
    if (!this.#budget.reserve(bytes)) {
      return false;
    }
    this.#total += bytes;
    return true;
  }

  give(bytes: number): void {
    if (this.#budget !== undefined && bytes > 0) {
      this.#total -= bytes;
      this.#budget.release(bytes);
    }
  }

  /** Gives all bytes back. From here on there is no budget. */
  close(): void {
    this.give(this.#total);
    this.#budget = undefined;
  }
}
