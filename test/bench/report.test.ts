/** The reports of a result: HTML, Markdown, the README and its chart. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { drawHeadlines } from "#bench/report/bars";
import { linesOf, tablesOf } from "#bench/report/figures";
import { formatFigure } from "#bench/report/format";
import { CURRENT_RESULT, generate } from "#bench/report/generate";
import { headlinesOf } from "#bench/report/headlines";
import { renderHtml } from "#bench/report/html";
import { renderBenchmarks, renderReadme } from "#bench/report/markdown";
import { readResult } from "#bench/report/read-result";
import type { BenchResult, Metric } from "#bench/result";
import { EXAMPLE, exampleWithCases, exampleWithFigures } from "./example-result";

/** The checkout: this file runs from dist-test/test/bench. */
const ROOT = path.join(__dirname, "..", "..", "..");

/** Nobody has a figure here. */
const EMPTY: BenchResult = { ...EXAMPLE, scenarios: [] };

const README = "# A\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nB\n";

const EVIL = `<script>alert("1 & 2")</script>|'x`;

/** The example with this text in every place that has text. */
function withText(text: string): BenchResult {
  return {
    ...EXAMPLE,
    command: text,
    machine: { ...EXAMPLE.machine, cpu: text, kernel: text, node: text, openssl: text, hapwire: text },
    contenders: EXAMPLE.contenders.map((contender) => ({ ...contender, title: text, leftOut: text })),
    scenarios: EXAMPLE.scenarios.map((scenario) => ({
      ...scenario,
      name: `${scenario.name}${text}`,
      title: text,
      how: text,
      cases: scenario.cases.map((one) => ({
        ...one,
        title: text,
        metrics: one.metrics.map((metric, index) => ({
          ...metric,
          title: text,
          figures: metric.figures.map((figure) =>
            index === 0 && figure.contender === "limit"
              ? { contender: "limit", samples: [], failed: text }
              : figure,
          ),
        })),
      })),
    })),
  };
}

describe("renderHtml", () => {
  const html = renderHtml(EXAMPLE);

  it("has every figure, or the reason why a figure is missing", () => {
    const cases = EXAMPLE.scenarios.flatMap((scenario) => scenario.cases);
    for (const { title } of cases) assert.ok(html.includes(`>${title}</th>`), title);
    const figures = cases.flatMap(({ metrics, cold = [] }) =>
      [...metrics, ...cold].flatMap((metric) =>
        metric.figures.map((figure) => ({ ...figure, unit: metric.unit })),
      ),
    );
    for (const { samples, failed, unit } of figures) {
      const median = samples.toSorted((x, y) => x - y)[(samples.length - 1) / 2];
      assert.ok(html.includes(median === undefined ? (failed ?? "?") : `>${formatFigure(median, unit)}<`));
    }
  });

  it("has a bar for every median, and for every headline whose ranges do not overlap", () => {
    const rows = EXAMPLE.scenarios.flatMap((scenario) => tablesOf(scenario).flatMap((each) => each.rows));
    const medians = rows.flatMap((row) =>
      linesOf(row).filter(({ contender, warm }) => contender !== undefined && warm.failed !== true),
    );
    const headlines = headlinesOf(EXAMPLE).flatMap((group) => group.rows);
    const noise = ["GET of 100 characteristics", "pair-setup, M1 to M6"];
    assert.equal(html.match(/<svg /g)?.length, medians.length + headlines.length - noise.length);
  });

  it("has a table of contents with every section, and folds the figures", () => {
    const links = [...html.matchAll(/<a href="#([^"]+)"/g)].map(([, id]) => id);
    const sections = [...html.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(links, sections);
    assert.equal(sections.length, EXAMPLE.scenarios.length + 3);
    assert.equal(html.match(/<details>/g)?.length, EXAMPLE.scenarios.length + 1);
  });

  it("refers to no other file", () => {
    assert.doesNotMatch(html, /\w+:\/\//);
    assert.doesNotMatch(html, /<(script|link|img|iframe|object|embed)\b|\bsrc=|@import|url\(/);
  });

  it("escapes all text", () => {
    const evil = renderHtml(withText(EVIL));
    assert.doesNotMatch(evil, /<script/);
    assert.ok(evil.includes("&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;|&#39;x"));
    const ids = [...evil.matchAll(/ (?:id|href)="([^"]*)"/g)].map(([, id]) => id ?? "");
    assert.ok(ids.length > 5);
    assert.ok(ids.every((id) => /^#?[\w-]+$/.test(id)));
  });

  it("takes a result without the peer, without the limit, without anything", () => {
    const alone = (keep: (contender: string) => boolean): BenchResult => {
      const kept = (metrics: readonly Metric[]): Metric[] =>
        metrics.map((metric) => ({
          ...metric,
          figures: metric.figures.filter(({ contender }) => keep(contender)),
        }));
      return {
        ...exampleWithCases(({ cold, ...one }) => ({
          ...one,
          metrics: kept(one.metrics),
          ...(cold !== undefined && { cold: kept(cold) }),
        })),
        contenders: EXAMPLE.contenders.filter(({ name }) => keep(name)),
      };
    };
    const subject = renderHtml(alone((name) => name === "hapwire"));
    assert.doesNotMatch(subject, /NaN|Infinity|undefined|ahead of|times the limit/);
    assert.doesNotMatch(renderHtml(alone(() => false)), /NaN|Infinity|undefined/);
    assert.doesNotMatch(renderHtml(EMPTY), /NaN|Infinity|undefined/);
    assert.doesNotMatch(html, /NaN|Infinity|undefined/);
  });

  it("gives the same bytes for the same result", () => {
    assert.equal(renderHtml(EXAMPLE), html);
  });
});

describe("renderBenchmarks", () => {
  it("has every figure in tables that text cannot break", () => {
    const markdown = renderBenchmarks(withText(EVIL));
    assert.doesNotMatch(markdown.replace(/`[^`]*`/g, ""), /(?<!\\)<script/);
    const tables = markdown.split("\n").filter((line) => line.startsWith("| "));
    const widths = tables.map((line) => line.match(/(?<!\\)\|/g)?.length);
    const rules = tables.flatMap((line, index) => (line.startsWith("| ---") ? [index] : []));
    assert.ok(rules.length > 5);
    for (const rule of rules) assert.equal(widths[rule - 1], widths[rule]);
    assert.ok(tables.length > 40);
  });

  it("has warm and cold figures and ratios side by side", () => {
    const markdown = renderBenchmarks(EXAMPLE);
    assert.match(markdown, /\| CPU time of a request \| {2}\| warm \| cold \|/);
    assert.match(
      markdown,
      /\| {2}\| ahead of HAP-NodeJS \| \*\*1\.76 ×\*\* \(.*\) \| \*\*1\.76 ×\*\* \(.*\) \|/,
    );
    assert.match(markdown, /\| sealing a message \| {2}\| figure \|/);
  });

  it("is for users: without goals", () => {
    assert.doesNotMatch(renderBenchmarks(EXAMPLE), /goal|missed|\bmet\b/i);
  });
});

/** Every report of a result. */
function reportsOf(result: BenchResult): Record<"html" | "markdown" | "readme" | "chart", string> {
  return {
    html: renderHtml(result),
    markdown: renderBenchmarks(result),
    readme: renderReadme(README, result),
    chart: drawHeadlines(result),
  };
}

describe("every report", () => {
  it('says "within the noise" in place of a ratio if the ranges overlap', () => {
    const noisy = exampleWithFigures(({ contender }, index) => ({
      contender,
      // Medians far apart, ranges that overlap.
      samples: [10 + 20 * index, 20 + 20 * index, 1_000],
    }));
    for (const [name, report] of Object.entries(reportsOf(noisy))) {
      assert.match(report, /within the noise/, name);
    }
    const alone = reportsOf({ ...noisy, scenarios: noisy.scenarios.filter(({ name }) => name === "burst") });
    for (const [name, report] of Object.entries(alone)) assert.doesNotMatch(report, /\d ×/, name);
  });

  it("marks a quick run as a first look, and no other run", () => {
    for (const [name, report] of Object.entries(reportsOf({ ...EXAMPLE, quick: true }))) {
      assert.match(report, /A first look, not a measurement to quote/, name);
    }
    for (const report of Object.values(reportsOf(EXAMPLE))) assert.doesNotMatch(report, /first look/i);
  });

  it("explains cold figures if there are any", () => {
    const { html, markdown, readme } = reportsOf(EXAMPLE);
    for (const report of [html, markdown, readme]) {
      assert.match(report, /A cold figure comes from a fresh process/);
    }
    const warm = reportsOf(exampleWithCases(({ name, title, metrics }) => ({ name, title, metrics })));
    for (const report of Object.values(warm)) assert.doesNotMatch(report, /\bcold\b/);
  });

  it("leads with the whole stack", () => {
    for (const [name, report] of Object.entries(reportsOf(EXAMPLE))) {
      const stack = report.indexOf("GET /accessories, 149 lamps");
      assert.ok(stack > 0 && stack < report.search(/seal 64 KiB|Seal and open<\/h2>|## Seal and open/), name);
    }
  });
});

describe("renderReadme", () => {
  it("writes between the marks, and nowhere else", () => {
    const written = renderReadme(README, EXAMPLE);
    assert.ok(written.startsWith("# A\n\n<!-- bench:begin -->\n\n!["));
    assert.ok(written.endsWith("\n\n<!-- bench:end -->\n\nB\n"));
    assert.doesNotMatch(written, /^old$/m);
    assert.match(
      written,
      /\| A whole bridge \| hapwire \| cold \| HAP-NodeJS \| cold \| ahead by \| cold \|/,
    );
    assert.match(
      written,
      /\| GET of 1 characteristic \| 125 µs \| 500 µs \| 173 µs \| 691 µs \| 1\.37 × \| 1\.37 × \|/,
    );
    assert.match(written, /\| GET of 100 characteristics \|.* \| within the noise \| within the noise \|/);
    assert.match(written, /\| 1,500 changes to 32 controllers \| 7\.03 ms \| 306 ms \| 43\.7 × \|/);
    assert.equal(renderReadme(written, EXAMPLE), written);
  });

  it("refuses a README without its marks", () => {
    assert.throws(() => renderReadme("# A\n", EXAMPLE), /README.md must have <!-- bench:begin -->/);
    assert.throws(() => renderReadme("<!-- bench:end --><!-- bench:begin -->", EXAMPLE), /must have/);
  });
});

describe("drawHeadlines", () => {
  const svg = drawHeadlines(EXAMPLE);

  it("draws an SVG that stands by itself, with its own colours", () => {
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    const used = new Set(svg.match(/var\(--[\w-]+\)/g));
    assert.ok(used.size >= 4);
    for (const color of used) assert.ok(svg.includes(`${color.slice(4, -1)}:`), `${color} has no value`);
    assert.equal(drawHeadlines(EXAMPLE), svg);
  });

  it("draws the part of HAP-NodeJS's cost that hapwire needs", () => {
    const lengths = [...svg.matchAll(/class="hapwire" x="[\d.]+" width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    const track = Number(/class="track" x="[\d.]+" width="([\d.]+)"/.exec(svg)?.[1]);
    assert.ok(Math.abs((lengths[0] ?? 0) / track - 1 / 1.76) < 0.01);
    // Within the noise: no bar.
    assert.equal(lengths[2], 0);
  });
});

describe("the committed reports", () => {
  it("show bench/results/current.json (npm run bench:report)", async () => {
    const files = await generate(ROOT, readResult(path.join(ROOT, CURRENT_RESULT)));
    for (const [file, content] of files) {
      const committed = readFileSync(path.join(ROOT, file), "utf8");
      assert.ok(committed === content, `${file} is not what npm run bench:report makes of ${CURRENT_RESULT}`);
    }
  });
});
