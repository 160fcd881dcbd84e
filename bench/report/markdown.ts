/** A result as Markdown: docs/benchmarks.md, and the README's part with its chart. */

import type { BenchResult, ScenarioResult } from "../result";
import { drawAhead } from "./charts";
import {
  aheadOf,
  figureOf,
  ofLimit,
  PEER,
  SUBJECT,
  summaryOf,
  tablesOf,
  titleOf,
  type MetricRow,
  type MetricTable,
} from "./figures";
import { escapeMarkdown as text, formatFigure, formatRange, formatRatio, NOTHING } from "./format";
import { CHART_STYLE } from "./html-style";
import { describeMachine, describeMethod } from "./machine";
import { headlinesOf, judgeGoals, slowerThan, type Headline } from "./verdicts";

/** The contender that is to be no slower than the peer anywhere: hapwire where no addon loads. */
const PORTABLE = "portable";

/** Around the part of the README that is generated. */
const README_BEGIN = "<!-- bench:begin -->";
const README_END = "<!-- bench:end -->";

/** A table; the first columns are text, those that follow are figures. */
function table(head: readonly string[], rows: readonly (readonly string[])[], textColumns = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < textColumns ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The whole of docs/benchmarks.md. */
export function renderBenchmarks(result: BenchResult): string {
  return `<!-- Written by \`npm run bench:report\` from bench/results/current.json. Do not edit. -->

# Benchmarks

${describeMethod(result)} The same figures with charts, as one file: [report.html](../bench/results/report.html).

${code(result.command)} repeats the run, \`npm run bench -- --help\` tells of shorter ones.

Taken on:

${list(describeMachine(result).map(([what, value]) => `${what}: ${text(value)}`))}

Contenders:

${list(result.contenders.map(({ title, leftOut }) => (leftOut === undefined ? text(title) : `${text(title)}, left out: ${text(leftOut)}`)))}

## Goals

What hapwire is to reach, and whether it has in this run.

${goals(result)}

${portable(result)}

${result.scenarios.map((scenario) => scenarioPart(result, scenario)).join("\n\n")}
`;
}

function code(command: string): string {
  return `\`${command.replaceAll("`", "")}\``;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

const VERDICTS = { met: "met", missed: "**missed**", unmeasured: "not measured" } as const;

function goals(result: BenchResult): string {
  const rows = judgeGoals(result).flatMap(({ goal, checks }) =>
    checks.map(({ wanted, measured, verdict, remark }, index) => [
      index === 0 ? text(goal.title) : "",
      wanted,
      measured,
      remark === undefined ? VERDICTS[verdict] : `${VERDICTS[verdict]}: ${remark}`,
    ]),
  );
  return table(["", "wanted", "measured", ""], rows, 2);
}

/** Whether the portable engine keeps its one goal; empty where the run was without it. */
function portable(result: BenchResult): string {
  if (!result.contenders.some(({ name, leftOut }) => name === PORTABLE && leftOut === undefined)) return "";
  const slower = slowerThan(result, PORTABLE, PEER);
  const peer = text(titleOf(result, PEER));
  const wanted = `The portable engine is to be no slower than ${peer} anywhere`;
  if (slower.length === 0) return `${wanted}: met.`;
  const rows = slower.map(({ title, ratio }) => [
    text(title),
    formatRatio(ratio),
    formatRange(ratio, "ratio"),
  ]);
  return `${wanted}: **missed** in these figures.\n\n${table(["", `of ${peer}'s`, "range"], rows)}`;
}

function scenarioPart(result: BenchResult, scenario: ScenarioResult): string {
  const tables = tablesOf(result, scenario).map((one) => metricTable(result, one));
  return [`## ${text(scenario.title)}`, text(scenario.how), ...tables].join("\n\n");
}

function metricTable(result: BenchResult, { title, contenders: columns, rows }: MetricTable): string {
  const ahead = rows.some(({ metric }) => aheadOf(metric, SUBJECT, PEER) !== undefined);
  const limit = rows.some(({ metric }) => ofLimit(metric, SUBJECT) !== undefined);
  const head = [text(title), ...columns.map((column) => text(column.title))];
  if (ahead) head.push(`ahead of ${text(titleOf(result, PEER))}`);
  if (limit) head.push("of the limit");
  const body = rows.map((row) => {
    const cells = [text(row.case.title), ...columns.map(({ name }) => figureCell(row, name))];
    if (ahead) cells.push(ratioCell(aheadOf(row.metric, SUBJECT, PEER)));
    if (limit) cells.push(ratioCell(ofLimit(row.metric, SUBJECT)));
    return cells;
  });
  return table(head, body);
}

function figureCell({ metric }: MetricRow, contender: string): string {
  const failed = figureOf(metric, contender)?.failed;
  if (failed !== undefined) return `no figure: ${text(failed)}`;
  const summary = summaryOf(metric, contender);
  if (summary === undefined) return NOTHING;
  const range = formatRange(summary, metric.unit);
  return `${formatFigure(summary.median, metric.unit)}${range === "" ? "" : ` (${range})`}`;
}

function ratioCell(ratio: ReturnType<typeof aheadOf>): string {
  return ratio === undefined ? NOTHING : `**${formatRatio(ratio)}**`;
}

/**
 * Puts the table and the chart where the README has its marks.
 *
 * @throws Error where it has not both marks, in order.
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
  const peer = titleOf(result, PEER);
  const rows = headlinesOf(result).map((headline) => [
    text(headline.title),
    median(headline, SUBJECT),
    median(headline, PEER),
    formatRatio(headline.ahead),
    formatRatio(headline.ofLimit),
  ]);
  return `![How many times less hapwire needs than ${text(peer)}](docs/benchmarks.svg)

${table(["", "hapwire", text(peer), "ahead by", "of the limit"], rows)}

CPU time of the server's process unless the row says otherwise, medians, on ${text(machine.cpu)} with Node.js
${text(machine.node)}. The limit is the least that the same work takes without a server around it. All figures, how they were taken and
how to repeat them: [docs/benchmarks.md](docs/benchmarks.md).`;
}

function median({ metric }: Headline, contender: string): string {
  const summary = summaryOf(metric, contender);
  return summary === undefined ? NOTHING : formatFigure(summary.median, metric.unit);
}

/** docs/benchmarks.svg: the README's chart, with its own paper and colours, in light and in dark. */
export function renderChart(result: BenchResult): string {
  const bars = headlinesOf(result).flatMap(({ title, ahead }) =>
    ahead === undefined ? [] : [{ title, ratio: ahead.median }],
  );
  const svg = drawAhead(result, bars, "wide");
  if (svg === "") return `<svg xmlns="http://www.w3.org/2000/svg"/>\n`;
  const style = `<style>${CHART_STYLE}</style>`;
  const paper = `<rect width="100%" height="100%" rx="10" fill="var(--paper)"/>`;
  return `${svg.replace(/^<svg[^>]*>/, (tag) => `${tag}\n${style}\n${paper}`)}\n`;
}
