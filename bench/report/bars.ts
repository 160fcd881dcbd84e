/** Draws bars as SVG: small ones for a table, and the chart of the README. */

import type { BenchResult, Metric } from "../result";
import type { Summary } from "../statistics";
import { aheadOfPeer, comparisonCell, type Comparison } from "./figures";
import { escapeHtml } from "./format";
import { headlinesOf } from "./headlines";
import { CHART_STYLE } from "./html-style";
import { firstLook } from "./method";

/** A bar from 0 to its median, with a line from the smallest to the largest, in percent of the width. */
interface Bar extends Summary {
  /** The name of a style of {@link CHART_STYLE}. */
  readonly style: string;
}

const BAR_HEIGHT = 10;

/** @returns An `svg` as wide as its container. Its bar is as long as `summary` of `most`. */
export function drawBar(style: string, summary: Summary, most: number): string {
  const bar = scale(style, summary, most);
  return (
    `<svg class="bar" width="100%" height="${String(BAR_HEIGHT)}" aria-hidden="true">` +
    `${shapes(bar, 0, 100, "%", 0)}</svg>`
  );
}

/** The part of HAP-NodeJS's cost that hapwire needs. @returns Undefined if it cannot be told from the whole. */
export function shareOf(comparison: Comparison | undefined): Summary | undefined {
  if (comparison?.kind !== "apart") return undefined;
  const { median, min, max } = comparison.ratio;
  return { median: 1 / median, min: 1 / max, max: 1 / min };
}

function scale(style: string, { median, min, max }: Summary, most: number): Bar {
  const percent = (value: number): number => Math.min(100, Math.max(0, (100 * value) / most));
  return { style, median: percent(median), min: percent(min), max: percent(max) };
}

/** The track, the bar and its range, from `left` on. `width` is the length of 100 %. */
function shapes(bar: Bar, left: number, width: number, unit: string, y: number): string {
  const at = (percent: number): string => `${(left + (percent / 100) * width).toFixed(2)}${unit}`;
  const long = (percent: number): string => `${((percent / 100) * width).toFixed(2)}${unit}`;
  const box = `y="${String(y)}" height="${String(BAR_HEIGHT)}" rx="2"`;
  const middle = `y="${String(y + BAR_HEIGHT / 2 - 1)}" height="2"`;
  return (
    `<rect class="track" x="${at(0)}" width="${long(100)}" ${box}/>` +
    `<rect class="${bar.style}" x="${at(0)}" width="${long(bar.median)}" ${box}/>` +
    `<rect class="range" x="${at(bar.min)}" width="${long(bar.max - bar.min)}" ${middle}/>`
  );
}

/** The chart of the README, in pixels. */
const WIDTH = 860;
const MARGIN = 20;
const TITLE_WIDTH = 290;
const VERDICT_WIDTH = 120;
const ROW_HEIGHT = 24;

/** The chart of the README, with a ground and colours of its own for light and dark. */
export function drawHeadlines(result: BenchResult): string {
  const groups = headlinesOf(result);
  const isCold = groups.some(({ rows }) => rows.some(({ cold }) => cold !== undefined));
  const left = MARGIN + TITLE_WIDTH;
  const right = WIDTH - MARGIN;
  const warmRight = isCold ? right - VERDICT_WIDTH : right;
  const lines: string[] = [];
  let y = MARGIN;
  const text = (style: string, x: number, content: string, anchor = "start"): void => {
    const place = `x="${String(x)}" y="${String(y + 13)}" text-anchor="${anchor}"`;
    lines.push(`<text class="${style}" ${place}>${escapeHtml(content)}</text>`);
  };
  const verdict = (x: number, metric: Metric | undefined): void => {
    const comparison = aheadOfPeer(metric);
    text(comparison?.kind === "apart" ? "verdict" : "muted", x, comparisonCell(comparison).text, "end");
  };
  const mark = firstLook(result);
  if (mark !== undefined) {
    text("heading", MARGIN, mark);
    y += ROW_HEIGHT;
  }
  text("muted", left, "hapwire's part of HAP-NodeJS's cost: shorter is better");
  if (isCold) {
    text("muted", warmRight, "warm", "end");
    text("muted", right, "cold", "end");
  }
  for (const group of groups) {
    y += ROW_HEIGHT;
    text("heading", MARGIN, group.title);
    for (const { title, warm, cold } of group.rows) {
      y += ROW_HEIGHT;
      text("title", MARGIN, title);
      const share = shareOf(aheadOfPeer(warm)) ?? { median: 0, min: 0, max: 0 };
      lines.push(shapes(scale("hapwire", share, 1), left, warmRight - left - VERDICT_WIDTH, "", y + 4));
      verdict(warmRight, warm);
      if (cold !== undefined) verdict(right, cold);
    }
    y += ROW_HEIGHT / 2;
  }
  const size = { width: String(WIDTH), height: String(y + ROW_HEIGHT) };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}">
<style>${CHART_STYLE}</style>
<rect width="100%" height="100%" rx="10" class="paper"/>
${lines.join("\n")}
</svg>
`;
}
