/** What is under way, on stderr: one line that changes on a terminal, a line for each case elsewhere. */

import type { Writable } from "node:stream";

const CLEAR_LINE = "\r\u001b[K";

export class ProgressLine {
  readonly #output: Writable;
  readonly #isTerminal: boolean;

  constructor(output: Writable, isTerminal: boolean) {
    this.#output = output;
    this.#isTerminal = isTerminal;
  }

  /** A case begins. */
  begin(scenario: string, title: string): void {
    if (!this.#isTerminal) {
      this.#output.write(`${scenario}: ${title}\n`);
    }
  }

  /** A contender has its turn; round 0 is preparation. */
  turn(scenario: string, title: string, contender: string, round: number, rounds: number): void {
    if (this.#isTerminal) {
      const what = round === 0 ? "warming up" : `round ${String(round)} of ${String(rounds)}`;
      this.#output.write(`${CLEAR_LINE}${scenario}: ${title}: ${what}: ${contender}`);
    }
  }

  /** All is done. */
  end(): void {
    if (this.#isTerminal) {
      this.#output.write(CLEAR_LINE);
    }
  }
}
