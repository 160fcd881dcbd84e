/** A result as one HTML file that needs nothing else: no script, no network. */

import type { BenchResult, Contender, ScenarioResult } from "../result";
import { colorOf, drawAhead, drawMetric, type ChartWidth } from "./charts";
import {
  aheadOf,
  figureOf,
  LIMIT,
  ofLimit,
  PEER,
  SUBJECT,
  summaryOf,
  tablesOf,
  titleOf,
  type MetricRow,
  type MetricTable,
} from "./figures";
import { escapeHtml as text, formatFigure, formatRange, formatRatio, NOTHING } from "./format";
import { headlinesOf, judgeGoals } from "./verdicts";
import { PAGE_STYLE } from "./html-style";
import { describeMachine, describeMethod } from "./machine";

/** @throws MissingChartsError where ECharts is not installed. */
export function renderHtml(result: BenchResult): string {
  const title = `hapwire ${result.machine.hapwire}: benchmarks`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${text(title)}</h1>
<p class="lead">${text(describeMethod(result))}</p>
</header>
${navigation(result)}
${overview(result)}
${result.scenarios.map((scenario) => scenarioSection(result, scenario)).join("\n")}
${goals(result)}
${machine(result)}
<footer>To repeat this: <code>${text(result.command)}</code></footer>
</main>
</body>
</html>
`;
}

/** An anchor of a scenario. */
function anchor(name: string): string {
  return `scenario-${name.replace(/[^\w-]/g, "-")}`;
}

function navigation({ scenarios }: BenchResult): string {
  const links = scenarios.map(({ name, title }) => `<a href="#${anchor(name)}">${text(title)}</a>`);
  return `<nav>${links.join("")}<a href="#goals">Goals</a><a href="#machine">Machine and versions</a></nav>`;
}

/** One drawing for the computer, one for the phone; the style sheet shows the one that fits. */
function figure(draw: (width: ChartWidth) => string): string {
  const widths: readonly ChartWidth[] = ["wide", "narrow"];
  return `<figure>${widths.map((width) => `<div class="${width}">${draw(width)}</div>`).join("")}</figure>`;
}

function overview(result: BenchResult): string {
  const bars = headlinesOf(result).flatMap(({ title, ahead }) =>
    ahead === undefined ? [] : [{ title, ratio: ahead.median }],
  );
  if (bars.length === 0) return "";
  return `<section>
<h2>Ahead of ${text(titleOf(result, PEER))}</h2>
<p class="how">How many times less hapwire needs for the same work. The scale is logarithmic.</p>
${figure((width) => drawAhead(result, bars, width))}
</section>`;
}

function scenarioSection(result: BenchResult, scenario: ScenarioResult): string {
  return `<section id="${anchor(scenario.name)}">
<h2>${text(scenario.title)}</h2>
<p class="how">${text(scenario.how)}</p>
${tablesOf(result, scenario)
  .map((table) => metricPart(result, table))
  .join("\n")}
</section>`;
}

function metricPart(result: BenchResult, table: MetricTable): string {
  return `<h3>${text(table.title.charAt(0).toUpperCase() + table.title.slice(1))}</h3>
${legend(result, table.contenders)}
${figure((width) => drawMetric(result, table, width))}
${metricTable(result, table)}`;
}

function legend(result: BenchResult, contenders: readonly Contender[]): string {
  const items = contenders.map(({ name, title }) => {
    const shape = name === LIMIT ? ' class="limit"' : "";
    return `<li><span${shape} style="background:${colorOf(result, name)}"></span>${text(title)}</li>`;
  });
  return `<ul class="legend">${items.join("")}</ul>`;
}

function metricTable(result: BenchResult, { contenders, rows }: MetricTable): string {
  const columns = contenders.map(
    ({ name, title }) => `<th${name === SUBJECT ? ' class="subject"' : ""}>${text(title)}</th>`,
  );
  const shown = ratiosShown(rows);
  if (shown.ahead) columns.push(`<th>ahead of ${text(titleOf(result, PEER))}</th>`);
  if (shown.limit) columns.push("<th>of the limit</th>");
  const body = rows.map((row) => {
    const cells = contenders.map(({ name }) => figureCell(row, name));
    if (shown.ahead) cells.push(ratioCell(aheadOf(row.metric, SUBJECT, PEER)));
    if (shown.limit) cells.push(ratioCell(ofLimit(row.metric, SUBJECT)));
    return `<tr><td>${text(row.case.title)}</td>${cells.join("")}</tr>`;
  });
  return `<div class="scroll"><table>
<thead><tr><th></th>${columns.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>`;
}

/** Which ratios a table has at all. */
function ratiosShown(rows: readonly MetricRow[]): { ahead: boolean; limit: boolean } {
  return {
    ahead: rows.some(({ metric }) => aheadOf(metric, SUBJECT, PEER) !== undefined),
    limit: rows.some(({ metric }) => ofLimit(metric, SUBJECT) !== undefined),
  };
}

function figureCell({ metric }: MetricRow, contender: string): string {
  const failed = figureOf(metric, contender)?.failed;
  if (failed !== undefined) return `<td class="failed">no figure: ${text(failed)}</td>`;
  const summary = summaryOf(metric, contender);
  if (summary === undefined) return `<td>${NOTHING}</td>`;
  const range = formatRange(summary, metric.unit);
  return (
    `<td${contender === SUBJECT ? ' class="subject"' : ""}>${formatFigure(summary.median, metric.unit)}` +
    `${range === "" ? "" : `<small>${range}</small>`}</td>`
  );
}

function ratioCell(ratio: ReturnType<typeof aheadOf>): string {
  if (ratio === undefined) return `<td>${NOTHING}</td>`;
  const range = formatRange(ratio, "ratio");
  return `<td class="ratio">${formatRatio(ratio)}${range === "" ? "" : `<small>${range}</small>`}</td>`;
}

function goals(result: BenchResult): string {
  const rows = judgeGoals(result).flatMap(({ goal, checks }) =>
    checks.map(
      ({ wanted, measured, verdict, remark }, index) =>
        `<tr><td>${index === 0 ? text(goal.title) : ""}</td><td class="text">${text(wanted)}</td>` +
        `<td>${text(measured)}</td><td class="${verdict}">${verdict === "unmeasured" ? NOTHING : verdict}` +
        `${remark === undefined ? "" : `<small>${text(remark)}</small>`}</td></tr>`,
    ),
  );
  return `<section id="goals">
<h2>Goals</h2>
<p class="how">What hapwire is to reach, and whether it has in this run.</p>
<div class="scroll"><table>
<thead><tr><th></th><th class="text">wanted</th><th>measured</th><th></th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>
</section>`;
}

function machine(result: BenchResult): string {
  const lines = describeMachine(result).map(
    ([what, value]) => `<dt>${text(what)}</dt><dd>${text(value)}</dd>`,
  );
  const contenders = result.contenders.map(
    ({ title, leftOut }) =>
      `<li>${text(title)}${leftOut === undefined ? "" : `, left out: ${text(leftOut)}`}</li>`,
  );
  return `<section id="machine">
<h2>Machine and versions</h2>
<dl>${lines.join("")}</dl>
<h3>Contenders</h3>
<ul>${contenders.join("")}</ul>
</section>`;
}
