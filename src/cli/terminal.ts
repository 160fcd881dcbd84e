/** Output on the terminal. */

/** Prints a line of the result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line about an error or the progress. */
export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Lets the command end by itself if its output cannot be written. If the reader has gone, as in `hapwire doctor | head -1`, it
 * ends quietly. If a result is lost, as on a full disk, it prints a line on standard error.
 *
 * @param exitCode - The exit code if a result is lost.
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
  // Nothing is left to print it to.
  process.stderr.on("error", () => undefined);
}

type Style = (text: string) => string;

/** The styles of marks. */
export interface Palette {
  readonly good: Style;
  readonly doubtful: Style;
  readonly bad: Style;
  readonly heading: Style;
}

/** For files, for pipes, and if `NO_COLOR` is set. */
export const PLAIN: Palette = { good: String, doubtful: String, bad: String, heading: String };

/** ANSI escape sequences. */
export const COLOURED: Palette = {
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  doubtful: (text) => `\u001b[33m${text}\u001b[39m`,
  bad: (text) => `\u001b[31m${text}\u001b[39m`,
  heading: (text) => `\u001b[1m${text}\u001b[22m`,
};

/** @returns Colours if the stream is a terminal with colours, and `NO_COLOR` does not forbid them. */
export function paletteOf(stream: NodeJS.WriteStream): Palette {
  return stream.isTTY && stream.hasColors() ? COLOURED : PLAIN;
}
