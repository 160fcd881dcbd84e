/** Generates the files of the repository that show bench/results/current.json. */

import { readFileSync } from "node:fs";
import path from "node:path";

import type { BenchResult } from "../result";
import { drawHeadlines } from "./bars";
import { renderBenchmarks, renderReadme } from "./markdown";

/** The committed result, by its path in the checkout. */
export const CURRENT_RESULT = "bench/results/current.json";

/**
 * @param root - The checkout. Its README gets the figures between its marks.
 * @returns The contents by their paths in the checkout. The same result gives the same bytes.
 */
export async function generate(root: string, result: BenchResult): Promise<ReadonlyMap<string, string>> {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  return new Map([
    ["docs/benchmarks.md", await formatMarkdown(root, renderBenchmarks(result))],
    ["docs/benchmarks.svg", drawHeadlines(result)],
    ["README.md", await formatMarkdown(root, renderReadme(readme, result))],
  ]);
}

/** Formats as `npm run lint` expects. Loads Prettier here because an installation lacks it. */
async function formatMarkdown(root: string, markdown: string): Promise<string> {
  const { format, resolveConfig } = await import("prettier");
  const file = path.join(root, "README.md");
  return format(markdown, { ...(await resolveConfig(file)), filepath: file });
}
