/** Renders a result as one HTML file without scripts or references to other files. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import type { BenchResult, ScenarioResult } from "../result";
import { drawBar, shareOf } from "./bars";
import {
  aheadOfPeer,
  comparisonCell,
  figureCell,
  linesOf,
  summaryOf,
  tablesOf,
  type Cell,
  type Line,
  type MetricRow,
  type MetricTable,
} from "./figures";
import { escapeHtml as text } from "./format";
import { headlinesOf, type Headline, type HeadlineGroup } from "./headlines";
import { PAGE_STYLE } from "./html-style";
import { COLD, describeMachine, describeMethod, firstLook } from "./method";

export function renderHtml(result: BenchResult): string {
  const title = `hapwire ${result.machine.hapwire}: benchmarks`;
  const mark = firstLook(result);
  const headlines = headlinesOf(result);
  const sections = [
    ...(headlines.length > 0 ? [{ id: "short", title: "In short", body: overview(headlines) }] : []),
    ...result.scenarios.map((scenario) => ({
      id: `scenario-${scenario.name.replace(/[^\w-]/g, "-")}`,
      title: scenario.title,
      body: scenarioBody(scenario),
    })),
    { id: "method", title: "How to read the figures", body: method(result) },
    { id: "machine", title: "Machine and versions", body: machine(result) },
  ];
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
<h1>${text(title)}</h1>
${mark === undefined ? "" : `<p class="mark">${text(mark)}</p>\n`}<nav aria-label="Contents"><ul>
${sections.map(({ id, title: name }) => `<li><a href="#${id}">${text(name)}</a></li>`).join("\n")}
</ul></nav>
${sections.map(({ id, title: name, body }) => `<section id="${id}">\n<h2>${text(name)}</h2>\n${body}\n</section>`).join("\n")}
<p class="muted">To repeat this run: <code>${text(result.command)}</code></p>
</main>
</body>
</html>
`;
}

function overview(groups: readonly HeadlineGroup[]): string {
  const isCold = groups.some(({ rows }) => rows.some(({ cold }) => cold !== undefined));
  const bodies = groups.map(({ title, about, rows }) => {
    const lines = rows.map((row) => {
      const warm = `${headlineBar(row)}</td>${headlineCell(row.warm)}`;
      return `<tr class="ratio"><td>${text(row.title)}${warm}${isCold ? headlineCell(row.cold) : ""}</tr>`;
    });
    return tableBody(title, isCold, lines, about);
  });
  return `<p class="muted">HAP-NodeJS needs so many times as much as hapwire. A bar shows the part that hapwire needs of
this: a shorter bar is better.</p>
${isCold ? `<p class="muted">${text(COLD)}</p>\n` : ""}${table(isCold, bodies)}`;
}

function headlineBar({ warm }: Headline): string {
  const share = shareOf(aheadOfPeer(warm));
  return share === undefined ? "" : drawBar("hapwire", share, 1);
}

function headlineCell(metric: MetricRow["cold"]): string {
  const { text: ahead } = comparisonCell(aheadOfPeer(metric));
  const both = metric && `${figureCell(metric, HAPWIRE).text} vs. ${figureCell(metric, HAPNODEJS).text}`;
  return cellOf({ text: ahead, range: both ?? "" });
}

function scenarioBody(scenario: ScenarioResult): string {
  const tables = tablesOf(scenario);
  const gists = tables.flatMap((each) => {
    const gist = gistOf(each);
    return gist === undefined ? [] : [`<p>${text(`${capital(each.title)}: ${gist}.`)}</p>`];
  });
  return `${gists.join("\n")}
<details><summary>All figures</summary>
<p class="muted">${text(scenario.how)}</p>
${tables.map(metricPart).join("\n")}
</details>`;
}

/** How far hapwire is ahead, from the least to the most of the cases. @returns Undefined without a comparison. */
function gistOf({ rows }: MetricTable): string | undefined {
  const comparisons = rows.flatMap(({ warm }) => aheadOfPeer(warm) ?? []);
  const sorted = comparisons.toSorted((a, b) => middleOf(a) - middleOf(b));
  const [least, most] = [comparisonCell(sorted.at(0)).text, comparisonCell(sorted.at(-1)).text];
  if (sorted.length === 0) return undefined;
  const range = least === most ? least : `from ${least} to ${most}`;
  return `${range}${sorted.at(-1)?.kind === "apart" ? " ahead of HAP-NodeJS" : ""}`;
}

function middleOf(comparison: NonNullable<ReturnType<typeof aheadOfPeer>>): number {
  return comparison.kind === "apart" ? comparison.ratio.median : 1;
}

function metricPart({ title, rows }: MetricTable): string {
  const isCold = rows.some(({ cold }) => cold !== undefined);
  const bodies = rows.map((row) => {
    const lines = linesOf(row);
    const most = Math.max(...lines.map(({ contender = "" }) => summaryOf(row.warm, contender)?.max ?? 0));
    return tableBody(
      row.case.title,
      isCold,
      lines.map((line) => lineRow(row, line, most, isCold)),
    );
  });
  return `<h3>${text(capital(title))}</h3>\n${table(isCold, bodies)}`;
}

function lineRow({ warm }: MetricRow, line: Line, most: number, isCold: boolean): string {
  const { label, contender } = line;
  const summary = contender === undefined ? undefined : summaryOf(warm, contender);
  const bar = summary === undefined || most <= 0 ? "" : drawBar(barStyle(contender), summary, most);
  const cells = [cellOf(line.warm), ...(isCold ? [cellOf(line.cold)] : [])];
  const style = contender === undefined ? ' class="ratio"' : "";
  return `<tr${style}><td>${text(label)}${bar}</td>${cells.join("")}</tr>`;
}

function barStyle(contender: string | undefined): string {
  switch (contender) {
    case HAPWIRE:
      return "hapwire";
    case PORTABLE:
      return "portable";
    case HAPNODEJS:
      return "peer";
    case LIMIT:
      return "limit";
    default:
      return "other";
  }
}

function table(isCold: boolean, bodies: readonly string[]): string {
  const head = isCold
    ? `<thead><tr><td></td><th scope="col">warm</th><th scope="col">cold</th></tr></thead>\n`
    : "";
  return `<table>\n${head}${bodies.join("\n")}\n</table>`;
}

function tableBody(title: string, isCold: boolean, rows: readonly string[], about = ""): string {
  const span = isCold ? 3 : 2;
  const small = about === "" ? "" : `<small>${text(about)}</small>`;
  return `<tbody>
<tr class="group"><th scope="rowgroup" colspan="${String(span)}">${text(title)}${small}</th></tr>
${rows.join("\n")}
</tbody>`;
}

function cellOf({ text: content, range, failed }: Cell): string {
  // A line may break before a range's second figure, not before a unit.
  const small = range === "" ? "" : `<small>${text(range.replace(/ (?=\D)/g, "\u00a0"))}</small>`;
  return `<td${failed === true ? ' class="failed"' : ""}>${text(content)}${small}</td>`;
}

function capital(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function method(result: BenchResult): string {
  const [first = "", ...more] = describeMethod(result).map((sentence) => `<p>${text(sentence)}</p>`);
  return `${first}\n<details><summary>More</summary>\n${more.join("\n")}\n</details>`;
}

function machine(result: BenchResult): string {
  const lines = describeMachine(result).map(
    ([what, value]) => `<dt>${text(what)}</dt><dd>${text(value)}</dd>`,
  );
  const contenders = result.contenders.map(
    ({ title, leftOut }) =>
      `<li>${text(title)}${leftOut === undefined ? "" : `, left out: ${text(leftOut)}`}</li>`,
  );
  return `<dl>${lines.join("")}</dl>
<h3>Contenders</h3>
<ul>${contenders.join("")}</ul>`;
}
