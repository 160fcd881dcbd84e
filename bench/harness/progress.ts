/** Shows the progress of a run on stderr: on a terminal one line that changes, elsewhere a line for each case. */

import type { Writable } from "node:stream";

const CLEAR_LINE = "\r\u001b[K";

export class ProgressLine {
  readonly #output: Writable;
  readonly #isTerminal: boolean;

  constructor(output: Writable, isTerminal: boolean) {
    this.#output = output;
    this.#isTerminal = isTerminal;
  }

  /** Tells that a case begins. */
  begin(scenario: string, title: string): void {
    if (!this.#isTerminal) {
      this.#output.write(`${scenario}: ${title}\n`);
    }
  }

  /** Tells that a contender has its turn. Round 0 is the preparation. */
  turn(scenario: string, title: string, contender: string, round: number, rounds: number): void {
    if (this.#isTerminal) {
      const what = round === 0 ? "warming up" : `round ${String(round)} of ${String(rounds)}`;
      this.#output.write(`${CLEAR_LINE}${scenario}: ${title}: ${what}: ${contender}`);
    }
  }

  /** Clears the line. */
  end(): void {
    if (this.#isTerminal) {
      this.#output.write(CLEAR_LINE);
    }
  }
}
