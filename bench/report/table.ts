/** Prints a result as text for a terminal. */

import type { BenchResult, CaseResult, ScenarioResult } from "../result";
import { hasCold, linesOf, tablesOf, type Cell, type MetricRow } from "./figures";
import { COLD, firstLook } from "./method";

/** @returns The whole result, one line for each figure. */
export function renderTable(result: BenchResult): string {
  const { cpu, cores, platform, arch, node, openssl } = result.machine;
  const mark = firstLook(result);
  return [
    ...(mark === undefined ? [] : [mark, ""]),
    `${cpu}, ${String(cores)} cores, ${platform} ${arch}, Node ${node}, OpenSSL ${openssl}`,
    ...result.contenders.map(({ title, leftOut }) =>
      leftOut === undefined ? `  ${title}` : `  left out: ${title}: ${leftOut}`,
    ),
    ...(hasCold(result) ? [COLD] : []),
    ...result.scenarios.flatMap(scenarioLines),
  ].join("\n");
}

/** Pads the cells of rows to columns, two spaces apart, behind an indent. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
}

function scenarioLines(scenario: ScenarioResult): string[] {
  return [
    "",
    scenario.title,
    ...tablesOf(scenario).flatMap(({ rows }) => rows.flatMap(metricLines)),
    ...scenario.cases.flatMap(leftOutLines),
  ];
}

function metricLines(row: MetricRow): string[] {
  const title = `${row.case.title}, ${row.warm.title}`;
  const lines = linesOf(row);
  if (row.cold === undefined) {
    return [`  ${title}`, ...columns(lines.map(({ label, warm }) => [`  ${label}`, ...pair(warm)]))];
  }
  return [
    `  ${title}`,
    ...columns([
      ["", "warm", "", "cold"],
      ...lines.map(({ label, warm, cold }) => [`  ${label}`, ...pair(warm), ...pair(cold)]),
    ]),
  ];
}

function pair({ text, range, failed }: Cell): string[] {
  return failed === true ? ["", text] : [text, range];
}

function leftOutLines({ title, leftOut = [] }: CaseResult): string[] {
  return leftOut.length === 0 ? [] : [`  ${title}`, ...leftOut.map((line) => `    left out: ${line}`)];
}
