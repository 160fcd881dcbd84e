/** The charts, each with a legend that shows the newest values, or those under the finger. */

import type uPlotTypes from "uplot";

import { decimal } from "./format.js";
import type { History, Sample } from "./history.js";

interface Line {
  readonly label: string;
  readonly key: keyof Sample;
  /** A custom property of page.css. */
  readonly color: string;
}

interface Subject {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
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
    lines: [
      { label: "p50", key: "p50", color: "--line-1" },
      { label: "p99", key: "p99", color: "--line-2" },
    ],
  },
  {
    title: "Events",
    unit: "per second",
    lines: [
      { label: "queued", key: "queued", color: "--line-1" },
      { label: "coalesced", key: "coalesced", color: "--line-2" },
      { label: "delivered", key: "delivered", color: "--line-3" },
    ],
  },
  { title: "Backlog", unit: "events", lines: [{ label: "waiting", key: "pending", color: "--line-1" }] },
  {
    title: "Traffic",
    unit: "KiB per second",
    lines: [
      { label: "in", key: "bytesIn", color: "--line-1" },
      { label: "out", key: "bytesOut", color: "--line-2" },
    ],
  },
  {
    title: "Event-loop delay",
    unit: "ms",
    lines: [
      { label: "p50", key: "loopDelay", color: "--line-1" },
      { label: "longest", key: "longestLoopDelay", color: "--line-2" },
    ],
  },
];

const HEIGHT = 150;
/** The least span of a vertical axis: noise about nothing is not drawn as mountains. */
const LEAST_RANGE = 1;
/** Seconds that are shown from the start, so that the line grows into the chart. */
const SPAN = 300;
const MINUTE = 60;

/** The charts below an element. */
export class Charts {
  readonly #charts: Chart[];

  constructor(parent: HTMLElement) {
    this.#charts = SUBJECTS.map((subject) => new Chart(parent, subject));
    // Colours are read anew when lines are drawn.
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
    this.#plot.setData([history.ages, ...this.#subject.lines.map(({ key }) => history.series(key))]);
    this.#showValues();
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
    caption.append(title, legend);
    return caption;
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
        y: { range: (_plot, _min, max) => [0, Math.max(LEAST_RANGE, max * 1.1)] },
      },
      axes: [
        { ...axis, incrs: [MINUTE], values: (_plot, ages) => ages.map(ageText), size: 26 },
        { ...axis, size: 44, space: 28 },
      ],
      series: [
        {},
        ...this.#subject.lines.map((line) => ({
          label: line.label,
          width: 1.75,
          stroke: () => color(line.color),
          points: { show: false },
        })),
      ],
      hooks: {
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
