/** Lines for whoever runs the demo. */

/** Prints a line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line about what went wrong. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}
