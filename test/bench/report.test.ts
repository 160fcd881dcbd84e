/** The reports that are made from a run of the benchmarks. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";

import { tablesOf } from "#bench/report/figures";
import { formatBound, formatFigure, formatRange } from "#bench/report/format";
import { CURRENT_RESULT, generate, readCurrentResult } from "#bench/report/generate";
import { renderHtml } from "#bench/report/html";
import { renderBenchmarks, renderChart, renderReadme } from "#bench/report/markdown";
import { judgeGoals, slowerThan } from "#bench/report/verdicts";
import type { BenchResult } from "#bench/result";
import { EXAMPLE } from "./example-result";

/** The checkout: this file runs from dist-test/test/bench. */
const ROOT = path.join(__dirname, "..", "..", "..");

const EVIL = `<script>alert("1 & 2")</script>|'x`;

/** The example with a text in every place that has one. */
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

  it("has every figure, and the reason where there is none", () => {
    const cases = EXAMPLE.scenarios.flatMap((scenario) => scenario.cases);
    for (const { title } of cases) assert.ok(html.includes(`<td>${title}</td>`), title);
    const figures = cases.flatMap(({ metrics }) =>
      metrics.flatMap((metric) => metric.figures.map((figure) => ({ ...figure, unit: metric.unit }))),
    );
    for (const { samples, failed, unit } of figures) {
      const median = samples.toSorted((x, y) => x - y)[(samples.length - 1) / 2];
      assert.ok(html.includes(median === undefined ? (failed ?? "?") : `>${formatFigure(median, unit)}<`));
    }
  });

  it("has a chart of every metric, for the computer and for the phone", () => {
    const metrics = EXAMPLE.scenarios.flatMap((scenario) => tablesOf(EXAMPLE, scenario));
    const overview = 1;
    assert.equal(html.match(/<svg /g)?.length, 2 * (metrics.length + overview));
  });

  it("needs nothing but itself", () => {
    const addresses = (html.match(/\w+:\/\/[^\s"'<)]+/g) ?? []).filter(
      (address) => address !== "http://www.w3.org/2000/svg",
    );
    assert.deepEqual(addresses, []);
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
    const alone = (keep: (contender: string) => boolean): BenchResult => ({
      ...EXAMPLE,
      contenders: EXAMPLE.contenders.filter(({ name }) => keep(name)),
      scenarios: EXAMPLE.scenarios.map((scenario) => ({
        ...scenario,
        cases: scenario.cases.map((one) => ({
          ...one,
          metrics: one.metrics.map((metric) => ({
            ...metric,
            figures: metric.figures.filter(({ contender }) => keep(contender)),
          })),
        })),
      })),
    });
    const subject = renderHtml(alone((name) => name === "hapwire"));
    assert.doesNotMatch(subject, /NaN|Infinity|undefined|ahead by|of the limit/);
    assert.doesNotMatch(renderHtml(alone(() => false)), /NaN|Infinity|undefined/);
    assert.doesNotMatch(renderHtml({ ...EXAMPLE, scenarios: [] }), /NaN|Infinity|undefined/);
    assert.doesNotMatch(html, /NaN|Infinity|undefined/);
  });

  it("gives the same bytes for the same result", () => {
    assert.equal(renderHtml(EXAMPLE), html);
  });

  it("says which package to install where ECharts is missing", (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "hapwire-report-"));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    cpSync(path.join(ROOT, "dist-bench"), path.join(folder, "bench"), { recursive: true });
    cpSync(__dirname, path.join(folder, "test/bench"), { recursive: true });
    const program = `
      const { renderHtml } = require("./bench/report/html.js");
      const { EXAMPLE } = require("./test/bench/example-result.js");
      try { renderHtml(EXAMPLE); } catch (error) { console.log(error.name + ": " + error.message); }`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(stderr, "");
    assert.equal(
      stdout,
      "MissingChartsError: the charts of a report need the package echarts: npm install echarts@6\n",
    );
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

  it("marks goals as met, missed or not measured", () => {
    const markdown = renderBenchmarks(EXAMPLE);
    assert.match(markdown, /\| seal 64 KiB \| at least 12 × ahead of HAP-NodeJS \| 12\.3 × \| met \|/);
    assert.match(
      markdown,
      /\| the same, eight in flight \| at least 2\.2 × .* \| 2\.03 × \| \*\*missed\*\* \|/,
    );
    assert.match(markdown, /\| immediate events .* \| – \| not measured \|/);
    assert.match(markdown, /\| descriptors of a connection \| at most 1 \| 1 \| met \|/);
    assert.match(markdown, /no slower than HAP-NodeJS 2\.2\.3 anywhere: met\./);
  });
});

describe("judgeGoals", () => {
  const goal = { title: "seal", scenario: "codec", case: "150", metric: "seal" } as const;
  const verdicts = (bounds: { ahead?: number; ofLimit?: number; atMost?: number }): string[] =>
    judgeGoals(EXAMPLE, [{ ...goal, ...bounds }]).flatMap(({ checks }) =>
      checks.map(({ measured, verdict }) => `${measured} ${verdict}`),
    );

  it("wants at least so far ahead", () => {
    assert.deepEqual(verdicts({ ahead: 7.5 }), ["7.54 × met"]);
    assert.deepEqual(verdicts({ ahead: 7.6 }), ["7.54 × missed"]);
  });

  it("wants at most so many times the limit, and at most so much", () => {
    assert.deepEqual(verdicts({ ofLimit: 1.1, atMost: 600 }), ["1.08 × met", "567 ns met"]);
    assert.deepEqual(verdicts({ ofLimit: 1.05, atMost: 500 }), ["1.08 × missed", "567 ns missed"]);
  });

  it("says where a goal was missed that the limit misses too", () => {
    const remarks = (ahead: number): (string | undefined)[] =>
      judgeGoals(EXAMPLE, [{ ...goal, ahead }]).flatMap(({ checks }) => checks.map(({ remark }) => remark));
    assert.deepEqual(remarks(7.5), [undefined]);
    assert.deepEqual(remarks(7.6), [undefined]);
    assert.deepEqual(remarks(9), ["the limit itself is 8.21 × ahead"]);
  });

  it("does not take what was not measured for met", () => {
    const [judged] = judgeGoals(EXAMPLE, [{ ...goal, case: "151", ahead: 1, ofLimit: 9, atMost: 1e9 }]);
    assert.deepEqual(
      judged?.checks.map(({ verdict }) => verdict),
      ["unmeasured", "unmeasured", "unmeasured"],
    );
  });
});

describe("slowerThan", () => {
  it("finds the times in which one needs more than another, most first", () => {
    assert.deepEqual(slowerThan(EXAMPLE, "hapwire", "hap-nodejs"), []);
    const slower = slowerThan(EXAMPLE, "hap-nodejs", "hapwire");
    const times = EXAMPLE.scenarios.flatMap(({ cases }) =>
      cases.flatMap(({ metrics }) =>
        metrics.filter(
          ({ unit, figures }) =>
            unit.endsWith("s") &&
            unit !== "bytes" &&
            figures.some(({ contender, samples }) => contender === "hap-nodejs" && samples.length > 0),
        ),
      ),
    );
    assert.equal(slower.length, times.length);
    assert.equal(slower[0]?.title, "Burst of changes: 1,500 changes to 32 connections, CPU time of a burst");
  });
});

describe("renderReadme", () => {
  const readme = "# A\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nB\n";

  it("writes between the marks, and nowhere else", () => {
    const written = renderReadme(readme, EXAMPLE);
    assert.ok(written.startsWith("# A\n\n<!-- bench:begin -->\n\n!["));
    assert.ok(written.endsWith("\n\n<!-- bench:end -->\n\nB\n"));
    assert.doesNotMatch(written, /old/);
    assert.match(
      written,
      /\| burst of 1,500 changes to 32 connections \| 7\.03 ms \| 306 ms \| 43\.7 × \| 1\.42 × \|/,
    );
    assert.equal(renderReadme(written, EXAMPLE), written);
  });

  it("refuses a README without its marks", () => {
    assert.throws(() => renderReadme("# A\n", EXAMPLE), /README.md must have <!-- bench:begin -->/);
    assert.throws(() => renderReadme("<!-- bench:end --><!-- bench:begin -->", EXAMPLE), /must have/);
  });
});

describe("renderChart", () => {
  it("is an SVG that stands by itself, with its own colours", () => {
    const svg = renderChart(EXAMPLE);
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    const used = new Set(svg.match(/var\(--[\w-]+\)/g));
    assert.ok(used.size >= 4);
    for (const color of used) assert.ok(svg.includes(`${color.slice(4, -1)}:`), `${color} has no value`);
    assert.equal(renderChart(EXAMPLE), svg);
  });
});

describe("figures as they are printed", () => {
  it("have three digits, in the unit that suits them", () => {
    assert.equal(formatFigure(0.5, "ns"), "0.500 ns");
    assert.equal(formatFigure(1234, "ns"), "1.23 µs");
    assert.equal(formatFigure(999.6, "us"), "1.00 ms");
    assert.equal(formatFigure(61_234, "ms"), "61.2 s");
    assert.equal(formatFigure(26_700, "bytes"), "26.1 KiB");
    assert.equal(formatFigure(-2048, "bytes"), "-2.00 KiB");
    assert.equal(formatFigure(12_345, "count"), "12,345");
    assert.equal(formatFigure(43.71, "ratio"), "43.7 ×");
    assert.equal(formatFigure(0, "us"), "0 ns");
  });

  it("have ranges in the unit of their median", () => {
    assert.equal(formatRange({ median: 979, min: 953, max: 1015 }, "ns"), "953 – 1,015 ns");
    assert.equal(formatRange({ median: 4, min: 4, max: 4 }, "count"), "");
  });

  it("have no digits that say nothing where they are bounds", () => {
    assert.equal(formatBound(12, "ratio"), "12 ×");
    assert.equal(formatBound(1.1, "ratio"), "1.1 ×");
    assert.equal(formatBound(1.05, "ratio"), "1.05 ×");
    assert.equal(formatBound(100_000, "ns"), "100 µs");
    assert.equal(formatBound(1, "count"), "1");
  });
});

describe("what is committed", () => {
  it("is in step with bench/results/current.json (npm run bench:report)", async () => {
    const files = await generate(ROOT, readCurrentResult(ROOT));
    for (const [file, content] of files) {
      const committed = existsSync(path.join(ROOT, file)) ? readFileSync(path.join(ROOT, file), "utf8") : "";
      assert.ok(committed === content, `${file} is not what npm run bench:report makes of ${CURRENT_RESULT}`);
    }
  });

  it("has a figure for every goal", () => {
    const unmeasured = judgeGoals(readCurrentResult(ROOT)).flatMap(({ goal, checks }) =>
      checks.some(({ verdict }) => verdict === "unmeasured") ? [goal.title] : [],
    );
    assert.deepEqual(unmeasured, []);
  });
});
