/** Holds the events that a controller receives against what was broadcast: each one, its value, their order. */

import type { Burst, Change } from "./changes";
import type { Message } from "./message-reader";

export class EventCheck {
  readonly #expected: readonly Burst[];
  /** The burst that comes next, and how many of its events have come. */
  #next = 0;
  #received = 0;

  constructor(expected: readonly Burst[]) {
    this.#expected = expected;
  }

  get isComplete(): boolean {
    return this.#next === this.#expected.length;
  }

  /** @throws Error that says what should have come. */
  take(message: Message): void {
    const burst = this.#expected[this.#next];
    if (this.#received === 0 && burst !== undefined && message.bytes.equals(burst.message)) {
      this.#next += 1;
      return;
    }
    // Cut otherwise than expected, which is allowed, or wrong.
    const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: Change[] };
    for (const change of characteristics.reverse()) {
      this.#takeChange(change);
    }
  }

  #takeChange(change: Change): void {
    const burst = this.#expected[this.#next];
    const expected = burst?.changes[this.#received];
    if (burst === undefined || expected === undefined || !isSame(change, expected)) {
      throw new Error(
        `an event was lost, doubled or changed: expected ${textOf(expected)}, got ${textOf(change)}`,
      );
    }
    this.#received += 1;
    if (this.#received === burst.changes.length) {
      this.#next += 1;
      this.#received = 0;
    }
  }
}

function isSame(a: Change, b: Change): boolean {
  return a.aid === b.aid && a.iid === b.iid && a.value === b.value;
}

function textOf(change: Change | undefined): string {
  return change === undefined
    ? "nothing more"
    : `${String(change.aid)}.${String(change.iid)} = ${String(change.value)}`;
}
