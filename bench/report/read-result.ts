/** Reads a result that `--json` wrote. */

import { readFileSync } from "node:fs";

import { RESULT_FORMAT, type BenchResult } from "../result";

/** A file cannot be read as a result. The message names the file and the reason. */
export class UnreadableResultError extends Error {
  override readonly name = "UnreadableResultError";

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} cannot be read as a result of the benchmarks: ${reason}`, options);
  }
}

/** @throws {@link UnreadableResultError} */
export function readResult(file: string): BenchResult {
  let result: Partial<BenchResult> | null;
  try {
    result = JSON.parse(readFileSync(file, "utf8")) as Partial<BenchResult> | null;
  } catch (cause) {
    throw new UnreadableResultError(file, (cause as Error).message, { cause });
  }
  const format = (result as { format?: unknown } | null)?.format;
  if (format !== RESULT_FORMAT) {
    throw new UnreadableResultError(file, `its format is ${String(format)}, not ${String(RESULT_FORMAT)}`);
  }
  return result as BenchResult;
}
