/** The charts. Each has a legend with the newest values, or with those under the pointer. */

import type uPlotTypes from "uplot";

import type { History } from "../report.js";
import { ceilingOf, peaksOf } from "./chart-scale.js";
import { setText } from "./element.js";
import { decimal } from "./format.js";

interface Line {
  readonly label: string;
  readonly key: keyof History;
  /** A custom property of page.css. */
  readonly color: string;
  /** A wide line shows below a line that covers it. */
  readonly isWide?: boolean;
}

interface Subject {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** True if a spike is cut off. */
  readonly clips?: boolean;
  /** The values of the history are divided by this. */
  readonly divisor?: number;
}

const SUBJECTS: readonly Subject[] = [
  {
    title: "Requests",
    unit: "per second",
    lines: [{ label: "requests", key: "requests", color: "--line-1" }],
  },
  {
    title: "Request time",
    unit: "ms",
    clips: true,
    lines: [
      { label: "p50", key: "p50", color: "--line-1" },
      { label: "p99", key: "p99", color: "--line-2" },
    ],
  },
  {
    title: "Events",
    unit: "per second",
    lines: [
      { label: "queued", key: "queued", color: "--line-1", isWide: true },
      { label: "coalesced", key: "coalesced", color: "--line-2" },
      { label: "delivered", key: "delivered", color: "--line-3" },
    ],
  },
  { title: "Backlog", unit: "events", lines: [{ label: "waiting", key: "pending", color: "--line-1" }] },
  {
    title: "Traffic",
    unit: "KiB per second",
    divisor: 1024,
    lines: [
      { label: "in", key: "bytesIn", color: "--line-1" },
      { label: "out", key: "bytesOut", color: "--line-2" },
    ],
  },
  {
    title: "Event-loop delay",
    unit: "ms",
    clips: true,
    lines: [
      { label: "p50", key: "loopDelay", color: "--line-1" },
      { label: "longest", key: "longestLoopDelay", color: "--line-2" },
    ],
  },
];

const HEIGHT = 150;
/** The horizontal span in seconds. */
const SPAN = 300;
const WIDTH = 1.75;
const WIDE = 6;
/** In CSS pixels. */
const MARK_SIZE = 7;
const MINUTE = 60;

/** The charts below an element. */
export class Charts {
  readonly #charts: Chart[];

  constructor(parent: HTMLElement) {
    this.#charts = SUBJECTS.map((subject) => new Chart(parent, subject));
    // Each drawing reads the colours anew.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.#charts) {
        chart.redraw();
      }
    });
  }

  show(history: History): void {
    for (const chart of this.#charts) {
      chart.show(history);
    }
  }
}

class Chart {
  readonly #subject: Subject;
  readonly #plot: uPlotTypes;
  readonly #values: HTMLElement[] = [];
  readonly #peak = document.createElement("small");
  #ceiling = 1;

  constructor(parent: HTMLElement, subject: Subject) {
    this.#subject = subject;
    const figure = document.createElement("figure");
    figure.append(this.#caption());
    const canvas = document.createElement("div");
    figure.append(canvas);
    parent.append(figure);
    this.#plot = new uPlot(this.#options(canvas.clientWidth), [[], ...subject.lines.map(() => [])], canvas);
    new ResizeObserver(() => {
      this.#plot.setSize({ width: canvas.clientWidth, height: HEIGHT });
    }).observe(canvas);
  }

  show(history: History): void {
    const { lines, clips = false, divisor = 1 } = this.#subject;
    const series = lines.map(({ key }) =>
      history[key].map((value) => (value === null ? null : value / divisor)),
    );
    const length = series[0]?.length ?? 0;
    this.#ceiling = ceilingOf(series, clips);
    this.#plot.setData([Array.from({ length }, (_, index) => index + 1 - length), ...series]);
    this.#showValues();
    this.#showPeak();
  }

  redraw(): void {
    this.#plot.redraw();
  }

  /** The title, and for each line its colour, its name and a value. */
  #caption(): HTMLElement {
    const caption = document.createElement("figcaption");
    const title = document.createElement("h2");
    const unit = document.createElement("small");
    unit.textContent = this.#subject.unit;
    title.append(this.#subject.title, " ", unit);
    const legend = document.createElement("dl");
    for (const { label, color } of this.#subject.lines) {
      const name = document.createElement("dt");
      name.textContent = label;
      name.style.setProperty("--color", `var(${color})`);
      const value = document.createElement("dd");
      this.#values.push(value);
      const pair = document.createElement("div");
      pair.append(name, value);
      legend.append(pair);
    }
    this.#peak.className = "peak";
    legend.append(this.#peak);
    caption.append(title, legend);
    return caption;
  }

  /** Says how high the highest spike is. */
  #showPeak(): void {
    const peaks = this.#plot.data.slice(1).flatMap((line) => peaksOf([...line], this.#ceiling));
    const highest = Math.max(...peaks.map(({ value }) => value));
    setText(this.#peak, peaks.length === 0 ? "" : `▲ up to ${decimal(highest)} ${this.#subject.unit}`);
  }

  /** Draws a triangle at the top edge for each spike that is cut off. */
  #drawMarks(plot: uPlotTypes): void {
    const { bbox, ctx, data } = plot;
    const size = MARK_SIZE * devicePixelRatio;
    ctx.save();
    this.#subject.lines.forEach((line, at) => {
      ctx.fillStyle = color(line.color);
      for (const { index } of peaksOf([...(data[at + 1] ?? [])], this.#ceiling)) {
        const x = plot.valToPos(data[0][index] ?? 0, "x", true);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x + size * 0.7, bbox.top + size);
        ctx.lineTo(x - size * 0.7, bbox.top + size);
        ctx.fill();
      }
    });
    ctx.restore();
  }

  #showValues(): void {
    const { data, cursor } = this.#plot;
    const index = cursor.idx ?? data[0].length - 1;
    this.#values.forEach((element, line) => {
      element.textContent = decimal(data[line + 1]?.[index] ?? null);
    });
  }

  #options(width: number): uPlotTypes.Options {
    const axis = {
      stroke: () => color("--muted"),
      grid: { stroke: () => color("--grid"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      padding: [8, 14, 0, 0],
      scales: {
        x: { time: false, range: [-SPAN, 0] },
        y: { range: () => [0, this.#ceiling] },
      },
      axes: [
        { ...axis, incrs: [MINUTE], values: (_plot, ages) => ages.map(ageText), size: 26 },
        { ...axis, size: 44, space: 28 },
      ],
      series: [
        {},
        ...this.#subject.lines.map((line) => ({
          label: line.label,
          width: line.isWide === true ? WIDE : WIDTH,
          alpha: line.isWide === true ? 0.5 : 1,
          stroke: () => color(line.color),
          points: { show: false },
        })),
      ],
      hooks: {
        draw: [
          (plot) => {
            this.#drawMarks(plot);
          },
        ],
        setCursor: [
          () => {
            this.#showValues();
          },
        ],
      },
    };
  }
}

function ageText(age: number): string {
  return age === 0 ? "now" : `−${String(-age / MINUTE)} min`;
}

function color(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}
