/** What the demo shows: each step as it happens, what failed, and a table at the end. */

/** Prints to a stream, line by line, with the time since it was made. */
export class Report {
  /** What did not hold. */
  readonly failures: string[] = [];
  readonly #start = performance.now();

  constructor(readonly print: (line: string) => void) {}

  /**
   * Runs a step and prints it when it is done.
   *
   * @param run - Does the step; what it returns is printed with it.
   * @throws What `run` throws, once it is printed.
   */
  async step(name: string, run: () => Promise<string>): Promise<void> {
    const begin = performance.now();
    const failuresBefore = this.failures.length;
    try {
      this.#printStep(name, begin, await run());
    } catch (error) {
      this.#printStep(name, begin, "FAILED");
      throw error;
    }
    for (const failure of this.failures.slice(failuresBefore)) {
      this.print(`${" ".repeat(20)}FAILED: ${failure}`);
    }
  }

  /** Notes a failure unless the condition holds. */
  expect(condition: boolean, failure: string): void {
    if (!condition) {
      this.failures.push(failure);
    }
  }

  #printStep(name: string, begin: number, detail: string): void {
    const now = performance.now();
    this.print(
      `${milliseconds(now - this.#start)} ${milliseconds(now - begin)}  ${name.padEnd(24)}${detail}`,
    );
  }
}

/** The heading of the steps' lines. */
export const STEP_HEADING = "  elapsed      took  step";

/** A number with thousands separators. */
export function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}

/** A table with a heading: texts to the left, numbers to the right. */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [heading, ...rows].map((row) =>
    row.map((cell) => (typeof cell === "number" ? formatNumber(cell) : cell)),
  );
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const isNumber = heading.map((_, column) => rows.every((row) => typeof row[column] === "number"));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

function milliseconds(duration: number): string {
  return `${formatNumber(Math.round(duration))} ms`.padStart(9);
}
