/** Renders a result as Markdown: docs/benchmarks.md and the generated part of the README. */

import { HAPNODEJS, HAPWIRE } from "../contenders";
import type { BenchResult, ScenarioResult } from "../result";
import {
  aheadOfPeer,
  comparisonCell,
  figureCell,
  hasCold,
  linesOf,
  tablesOf,
  type Cell,
  type MetricTable,
} from "./figures";
import { escapeMarkdown as text } from "./format";
import { headlinesOf, type HeadlineGroup } from "./headlines";
import { COLD, describeMachine, describeMethod, firstLook, NOISE } from "./method";

/** Around the generated part of the README. */
const README_BEGIN = "<!-- bench:begin -->";
const README_END = "<!-- bench:end -->";

/** A table whose first columns are text and whose other columns are figures. */
function table(head: readonly string[], rows: readonly (readonly string[])[], textColumns = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < textColumns ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The whole of docs/benchmarks.md. */
export function renderBenchmarks(result: BenchResult): string {
  return `<!-- Written by \`npm run bench:report\` from bench/results/current.json. Do not edit. -->

# Benchmarks

hapwire beside HAP-NodeJS, on one machine, in one run. ${code(result.command)} repeats it;
\`npm run bench -- --help\` lists shorter runs. In an installation the command is \`npx hapwire bench\`.

${markOf(result)}${describeMethod(result).map(text).join("\n\n")}

${list(describeMachine(result).map(([what, value]) => `${what}: ${text(value)}`))}

Contenders:

${list(result.contenders.map(({ title, leftOut }) => (leftOut === undefined ? text(title) : `${text(title)}, left out: ${text(leftOut)}`)))}

${result.scenarios.map(scenarioPart).join("\n\n")}
`;
}

/** A paragraph, or nothing for a whole run. */
function markOf(result: BenchResult): string {
  const mark = firstLook(result);
  return mark === undefined ? "" : `**${text(mark)}**\n\n`;
}

function code(command: string): string {
  return `\`${command.replaceAll("`", "")}\``;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

function scenarioPart(scenario: ScenarioResult): string {
  return [`## ${text(scenario.title)}`, text(scenario.how), ...tablesOf(scenario).map(metricTable)].join(
    "\n\n",
  );
}

function metricTable({ title, rows }: MetricTable): string {
  const isCold = rows.some(({ cold }) => cold !== undefined);
  const body = rows.flatMap((row) =>
    linesOf(row).map(({ label, contender, warm, cold }, index) => {
      const emphasis = contender === undefined ? "**" : "";
      const cells = [warm, ...(isCold ? [cold] : [])].map((cell) => cellOf(cell, emphasis));
      return [index === 0 ? text(row.case.title) : "", text(label), ...cells];
    }),
  );
  return table([text(title), "", ...(isCold ? ["warm", "cold"] : ["figure"])], body, 2);
}

function cellOf({ text: content, range }: Cell, emphasis: string): string {
  return `${emphasis}${text(content)}${emphasis}${range === "" ? "" : ` (${text(range)})`}`;
}

/**
 * Replaces the part of the README between its marks.
 *
 * @throws Error if the README lacks a mark, or has them in the wrong order.
 */
export function renderReadme(readme: string, result: BenchResult): string {
  const begin = readme.indexOf(README_BEGIN);
  const end = readme.indexOf(README_END);
  if (begin < 0 || end < begin) {
    throw new Error(`README.md must have ${README_BEGIN} and, after it, ${README_END}`);
  }
  return `${readme.slice(0, begin + README_BEGIN.length)}\n\n${readmePart(result)}\n\n${readme.slice(end)}`;
}

function readmePart(result: BenchResult): string {
  const { machine } = result;
  const tables = headlinesOf(result).map((group) => `${text(group.about)}\n\n${headlineTable(group)}`);
  return `![hapwire's part of HAP-NodeJS's cost](docs/benchmarks.svg)

${markOf(result)}${tables.join("\n\n")}

Less is better. CPU time of the server's process unless the row says otherwise, medians, on ${text(machine.cpu)} with
Node.js ${text(machine.node)}. ${NOISE}

${hasCold(result) ? `${text(COLD)}\n\n` : ""}All figures and how to repeat them: [docs/benchmarks.md](docs/benchmarks.md).`;
}

function headlineTable({ title, rows }: HeadlineGroup): string {
  const isCold = rows.some(({ cold }) => cold !== undefined);
  const head = ["hapwire", "HAP-NodeJS", "ahead by"].flatMap((name) => (isCold ? [name, "cold"] : [name]));
  const body = rows.map((row) => {
    const metrics = isCold ? [row.warm, row.cold] : [row.warm];
    const cells = [
      ...metrics.map((metric) => figureCell(metric, HAPWIRE)),
      ...metrics.map((metric) => figureCell(metric, HAPNODEJS)),
      ...metrics.map((metric) => comparisonCell(aheadOfPeer(metric))),
    ];
    return [text(row.title), ...cells.map((cell) => text(cell.text))];
  });
  return table([text(title), ...head], body);
}
