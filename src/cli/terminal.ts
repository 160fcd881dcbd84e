/** Lines for whoever runs the command. */

/** Prints a line of what was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line that is no result: what went wrong, or what is going on. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Lets the command end by itself where its lines cannot be written: quietly where nobody reads on, as in
 * `hapwire doctor | head -1`; with this exit code and a word on standard error where a result is lost, as on a full disk.
 */
export function surviveLostOutput(exitCode: number): void {
  let isLost = false;
  process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE" && !isLost) {
      isLost = true;
      process.exitCode = exitCode;
      printError(`hapwire: standard output cannot be written: ${message}`);
    }
  });
  // There is nowhere left to say it.
  process.stderr.on("error", () => undefined);
}

type Style = (text: string) => string;

/** How marks stand out. */
export interface Palette {
  readonly good: Style;
  readonly doubtful: Style;
  readonly bad: Style;
  readonly heading: Style;
}

/** For files, pipes and those who set `NO_COLOR`. */
export const PLAIN: Palette = { good: String, doubtful: String, bad: String, heading: String };

/** ANSI escape sequences. */
export const COLOURED: Palette = {
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  doubtful: (text) => `\u001b[33m${text}\u001b[39m`,
  bad: (text) => `\u001b[31m${text}\u001b[39m`,
  heading: (text) => `\u001b[1m${text}\u001b[22m`,
};

/** @returns colours where standard output is a terminal that has some, and `NO_COLOR` does not forbid them. */
export function paletteOf(stream: NodeJS.WriteStream): Palette {
  return stream.isTTY && stream.hasColors() ? COLOURED : PLAIN;
}
