/** `hapwire bench`: hands its arguments on to the benchmark suite, which is compiled apart from the package's code. */

import { existsSync } from "node:fs";
import path from "node:path";

import { PACKAGE_ROOT } from "./package-file";
import { printError } from "./terminal";

/** What the suite's main module exports. */
interface BenchModule {
  /** @returns the exit code. */
  readonly main: (args: string[]) => Promise<number>;
}

/** @returns the exit code. */
export async function runBench(args: readonly string[]): Promise<number> {
  const file = path.join(PACKAGE_ROOT, "dist-bench", "main.js");
  if (!existsSync(file)) {
    printError(
      `hapwire: the benchmark suite is not here: there is no ${file}\n` +
        "In a checkout, `npm run build` makes it; in an installation, install hapwire again.",
    );
    return 1;
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it may be missing, and is no part of dist/
  const { main } = require(file) as BenchModule;
  return main([...args]);
}
