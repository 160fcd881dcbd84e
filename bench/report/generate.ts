/** All files of the repository that are made from bench/results/current.json. */

import { readFileSync } from "node:fs";
import path from "node:path";

import { RESULT_FORMAT, type BenchResult } from "../result";
import { renderHtml } from "./html";
import { renderBenchmarks, renderChart, renderReadme } from "./markdown";

/** The committed result, by its path in the checkout. */
export const CURRENT_RESULT = "bench/results/current.json";

/** @throws Error that says what to do, where there is none or this code cannot read it. */
export function readCurrentResult(root: string): BenchResult {
  const make = `make it: npm run bench -- --json ${CURRENT_RESULT} && npm run bench:report`;
  let result: BenchResult;
  try {
    result = JSON.parse(readFileSync(path.join(root, CURRENT_RESULT), "utf8")) as BenchResult;
  } catch (error) {
    throw new Error(`${CURRENT_RESULT} cannot be read (${(error as Error).message}); ${make}`, {
      cause: error,
    });
  }
  const { format } = result as { format: unknown };
  if (format === RESULT_FORMAT) return result;
  throw new Error(`${CURRENT_RESULT} has format ${String(format)}, not ${String(RESULT_FORMAT)}; ${make}`);
}

/**
 * @param root - The checkout, whose README is the one to put figures into.
 * @returns Contents by their paths in the checkout; the same result gives the same bytes.
 */
export async function generate(root: string, result: BenchResult): Promise<ReadonlyMap<string, string>> {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  return new Map([
    ["bench/results/report.html", renderHtml(result)],
    ["docs/benchmarks.md", await formatMarkdown(root, renderBenchmarks(result))],
    ["docs/benchmarks.svg", renderChart(result)],
    ["README.md", await formatMarkdown(root, renderReadme(readme, result))],
  ]);
}

/** As `npm run lint` wants it. Prettier is loaded here, since who only reads results has it not. */
async function formatMarkdown(root: string, markdown: string): Promise<string> {
  const { format, resolveConfig } = await import("prettier");
  const file = path.join(root, "README.md");
  return format(markdown, { ...(await resolveConfig(file)), filepath: file });
}
