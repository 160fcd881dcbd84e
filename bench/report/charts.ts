/** The two kinds of charts: the contenders of one metric, and how far the subject is ahead of its peer. */

import type * as ECharts from "echarts";

import type { BenchResult, Unit } from "../result";
import type { Summary } from "../statistics";
import { aheadOf, LIMIT, PEER, SUBJECT, summaryOf, titleOf, type MetricTable } from "./figures";
import { formatBound, formatFigure, formatRatio, unitSize } from "./format";
import { drawSvg } from "./svg";

/** Where a chart is to go: one width for the screen of a computer, one for that of a phone. */
export type ChartWidth = "wide" | "narrow";

/** In pixels. */
const WIDTHS: Record<ChartWidth, number> = { wide: 860, narrow: 372 };

/**
 * Colours are names, resolved by the style sheet of the page, or of the SVG, that the chart is in: it looks right in
 * light and in dark.
 */
const INK = "var(--ink)";
const MUTED = "var(--muted)";
const LINE = "var(--line)";
const SERIES = ["var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)"] as const;

/** Figures further apart than this are shown on a logarithmic scale. */
const LINEAR_SPREAD = 6;
/** Pixels for one contender's line within a row, and between rows. */
const LANE = 13;
const ROW_GAP = 14;

/** The colour of a contender, the same in all charts of a result. */
export function colorOf(result: BenchResult, contender: string): string {
  if (contender === PEER) return "var(--peer)";
  if (contender === LIMIT) return "var(--limit)";
  const others = result.contenders.filter(({ name }) => name !== PEER && name !== LIMIT);
  const index = others.findIndex(({ name }) => name === contender);
  return SERIES[Math.max(0, index) % SERIES.length] ?? INK;
}

interface Scale {
  readonly type: "log" | "value";
  readonly min: number;
  readonly max: number;
}

function scaleOf(values: readonly number[]): Scale {
  const min = Math.min(...values);
  const max = Math.max(...values);
  if (min > 0 && max / min > LINEAR_SPREAD) return { type: "log", min: min / 1.6, max: max * 1.6 };
  return { type: "value", min: Math.min(0, min), max: max * 1.08 };
}

function valueAxis(scale: Scale, unit: Unit, width: ChartWidth): ECharts.XAXisComponentOption {
  const wide = width === "wide";
  const customValues = ticksOf(scale, unitSize(scale.max, unit), wide ? 8 : 5);
  return {
    type: scale.type,
    min: scale.min,
    max: scale.max,
    axisLine: { show: false },
    axisTick: { show: false, customValues },
    splitLine: { lineStyle: { color: LINE } },
    axisLabel: {
      customValues,
      color: MUTED,
      fontSize: wide ? 12 : 11,
      hideOverlap: true,
      formatter: (value: number) => formatBound(value, unit),
    },
  };
}

/**
 * Round values on a scale, as close as `most` of them allow.
 *
 * @param size - Of the unit that the largest is printed in: what is to be round is their number of these.
 */
function ticksOf({ type, min, max }: Scale, size: number, most: number): number[] {
  if (type === "value") {
    const least = (max - min) / size / most;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = size * power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
    const first = Math.ceil(min / step);
    return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, index) => (first + index) * step);
  }
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let exponent = Math.floor(Math.log10(min)); exponent <= Math.log10(max); exponent += 1) {
      ticks.push(...steps.map((step) => step * 10 ** exponent));
    }
    const inside = ticks.filter((tick) => tick >= min && tick <= max);
    if (inside.length <= most) return inside;
  }
  return [];
}

const ROW_AXIS = {
  type: "category",
  inverse: true,
  axisLine: { show: false },
  axisTick: { show: false },
} as const;

/**
 * @param labelWidth - In pixels.
 * @param ruled - Whether lines part the rows.
 */
function titleAxis(
  titles: readonly string[],
  width: ChartWidth,
  labelWidth: number,
  ruled: boolean,
): ECharts.YAXisComponentOption {
  const wide = width === "wide";
  return {
    ...ROW_AXIS,
    data: [...titles],
    splitLine: { show: ruled, interval: 0, lineStyle: { color: LINE } },
    axisLabel: {
      color: INK,
      fontSize: wide ? 13 : 11,
      lineHeight: wide ? 16 : 13,
      interval: 0,
      width: labelWidth,
      overflow: "break",
    },
  };
}

/** At the right of each row, how far the subject is ahead in it. */
function aheadAxis(
  result: BenchResult,
  { rows }: MetricTable,
  width: ChartWidth,
): ECharts.YAXisComponentOption {
  const wide = width === "wide";
  const ratios = rows.map(({ metric }) => aheadOf(metric, SUBJECT, PEER));
  return {
    ...ROW_AXIS,
    position: "right",
    data: ratios.map((ratio) => (ratio === undefined ? "" : formatRatio(ratio))),
    name: ratios.some(Boolean) ? "ahead by" : "",
    nameLocation: "start",
    nameGap: 12,
    nameTextStyle: { color: MUTED, fontSize: wide ? 12 : 11, align: "left", padding: [0, 0, 0, 8] },
    axisLabel: {
      color: colorOf(result, SUBJECT),
      fontSize: wide ? 14 : 12,
      fontWeight: "bold",
      interval: 0,
    },
  };
}

/**
 * One row for each case: a dot for each contender's median, on a stem that shows the smallest and the largest figure,
 * and at the right how far the subject is ahead.
 *
 * @returns An empty text where nobody has a figure.
 */
export function drawMetric(result: BenchResult, table: MetricTable, width: ChartWidth): string {
  const wide = width === "wide";
  const lines = table.contenders
    .map((contender) => ({ contender, points: pointsOf(table, contender.name) }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return "";
  const scale = scaleOf(
    lines.flatMap(({ points }) => points.flatMap(({ summary: { min, max } }) => [min, max])),
  );
  const middle = (lines.length - 1) / 2;
  const option: ECharts.EChartsOption = {
    grid: { left: wide ? 210 : 104, right: wide ? 88 : 60, top: 28, bottom: 28 },
    xAxis: valueAxis(scale, table.unit, width),
    yAxis: [
      titleAxis(
        table.rows.map((row) => row.case.title),
        width,
        wide ? 166 : 76,
        true,
      ),
      aheadAxis(result, table, width),
    ],
    series: lines.flatMap(({ contender: { name }, points }, index) => {
      const lane = (index - middle) * LANE;
      const color = colorOf(result, name);
      return [stemSeries(points, lane, color), dotSeries(points, lane, color, name === LIMIT)];
    }),
  };
  const rowHeight = Math.max(lines.length * LANE + ROW_GAP, 34);
  return drawSvg(option, WIDTHS[width], table.rows.length * rowHeight + 56);
}

function pointsOf({ rows }: MetricTable, contender: string): readonly Point[] {
  return rows.flatMap(({ metric }, row) => {
    const summary = summaryOf(metric, contender);
    return summary === undefined ? [] : [{ row, summary }];
  });
}

interface Point {
  readonly row: number;
  readonly summary: Summary;
}

function dotSeries(
  points: readonly Point[],
  lane: number,
  color: string,
  tick: boolean,
): ECharts.ScatterSeriesOption {
  return {
    type: "scatter",
    silent: true,
    symbol: tick ? "rect" : "circle",
    symbolSize: tick ? [3.5, 12] : 10,
    symbolOffset: [0, lane],
    itemStyle: { color, opacity: 1 },
    data: points.map(({ row, summary }) => [summary.median, row]),
  };
}

/** A faint stem from the left edge to the median, which tells the lanes apart, and on it smallest to largest. */
function stemSeries(points: readonly Point[], lane: number, color: string): ECharts.CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    data: points.map(({ row, summary }) => [summary.min, summary.median, summary.max, row]),
    encode: { x: [0, 1, 2], y: 3 },
    renderItem: ({ coordSys }, api) => {
      const [min = 0, median = 0, max = 0] = [0, 1, 2].map((value) => api.coord([api.value(value), 0])[0]);
      const y = (api.coord([api.value(1), api.value(3)])[1] ?? 0) + lane;
      const left = (coordSys as unknown as { x: number }).x;
      return {
        type: "group",
        children: [
          {
            type: "line",
            shape: { x1: left, y1: y, x2: median, y2: y },
            style: { stroke: color, lineWidth: 3, opacity: 0.28 },
          },
          {
            type: "line",
            shape: { x1: min, y1: y, x2: max, y2: y },
            style: { stroke: color, lineWidth: 7, opacity: 0.4 },
          },
        ],
      };
    },
  };
}

/** One bar of {@link drawAhead}. */
export interface AheadBar {
  readonly title: string;
  readonly ratio: number;
}

/** How many times ahead of the peer the subject is, as bars from 1 ×, on a logarithmic scale. */
export function drawAhead(result: BenchResult, bars: readonly AheadBar[], width: ChartWidth): string {
  if (bars.length === 0) return "";
  const wide = width === "wide";
  const max = Math.max(...bars.map(({ ratio }) => ratio));
  const min = Math.min(1, ...bars.map(({ ratio }) => ratio));
  const rowHeight = wide ? 34 : 44;
  const option: ECharts.EChartsOption = {
    grid: { left: wide ? 340 : 138, right: wide ? 70 : 56, top: 12, bottom: 44 },
    xAxis: Object.assign(valueAxis({ type: "log", min, max: Math.max(max, 2) * 1.1 }, "ratio", width), {
      name: `times less than ${titleOf(result, PEER)}`,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: MUTED, fontSize: wide ? 12 : 11 },
    }),
    yAxis: titleAxis(
      bars.map(({ title }) => title),
      width,
      wide ? 300 : 112,
      false,
    ),
    series: {
      type: "bar",
      silent: true,
      barWidth: wide ? 18 : 16,
      itemStyle: { color: colorOf(result, SUBJECT), borderRadius: [0, 4, 4, 0] },
      label: {
        show: true,
        position: "right",
        color: INK,
        fontSize: wide ? 13 : 12,
        fontWeight: "bold",
        formatter: ({ dataIndex }: { dataIndex: number }) =>
          formatFigure(bars[dataIndex]?.ratio ?? NaN, "ratio"),
      },
      data: bars.map(({ ratio }) => ratio),
    },
  };
  return drawSvg(option, WIDTHS[width], bars.length * rowHeight + 56);
}
