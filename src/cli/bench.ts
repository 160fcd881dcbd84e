/** `hapwire bench`: passes its arguments to the benchmark suite, which is compiled on its own. */

import { existsSync } from "node:fs";
import path from "node:path";

import { printError } from "./terminal";

/** The exports of the suite's main module. */
interface BenchModule {
  /** @returns The exit code. */
  readonly main: (args: string[]) => Promise<number>;
}

/** @returns The exit code. */
export async function runBench(args: readonly string[]): Promise<number> {
  // This file runs from dist/cli.
  const file = path.join(__dirname, "../../dist-bench/main.js");
  if (!existsSync(file)) {
    printError(
      `hapwire: the benchmark suite is missing: there is no ${file}\n` +
        "In a checkout, run `npm run build`. Elsewhere, install hapwire again.",
    );
    return 1;
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it may be missing, and is not in dist/
  const { main } = require(file) as BenchModule;
  return main([...args]);
}
