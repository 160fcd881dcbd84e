/** The figures of now, large enough to read across a room. */

import type { StatusReport } from "../report.js";
import { bytes, count, decimal, milliseconds } from "./format.js";
import { sum, type Sample } from "./history.js";

interface Tile {
  readonly id: string;
  readonly title: string;
  readonly value: (report: StatusReport, latest: Sample) => string;
  readonly detail: (report: StatusReport, latest: Sample) => string;
}

const TILES: readonly Tile[] = [
  {
    id: "open",
    title: "Connections",
    value: (report) => count(sum(report, ({ open }) => open)),
    detail: (report) => `${count(sum(report, ({ authenticated }) => authenticated))} authenticated`,
  },
  {
    id: "requests",
    title: "Requests",
    value: (report) => count(sum(report, ({ requests }) => requests)),
    detail: (_report, { requests }) => `${decimal(requests)} per second`,
  },
  {
    id: "request-time",
    title: "Request time, p50",
    value: ({ requestTime }) => milliseconds(requestTime.p50),
    detail: ({ requestTime }) => `p99 ${milliseconds(requestTime.p99)}`,
  },
  {
    id: "events",
    title: "Events delivered",
    value: (report) => count(sum(report, ({ events }) => events.delivered)),
    detail: (report) =>
      `${count(sum(report, ({ events }) => events.queued))} queued, ` +
      `${count(sum(report, ({ events }) => events.coalesced))} coalesced`,
  },
  {
    id: "backlog",
    title: "Backlog",
    value: (report) => count(sum(report, ({ events }) => events.pending)),
    detail: (report) => bytes(sum(report, ({ events }) => events.pendingBytes)),
  },
  {
    id: "loop-delay",
    title: "Loop delay, p50",
    value: ({ loopDelay }) => milliseconds(loopDelay.p50),
    detail: ({ loopDelay }) => `longest ${milliseconds(loopDelay.max)}`,
  },
];

export class Tiles {
  readonly #elements: (readonly [Tile, value: HTMLElement, detail: HTMLElement])[];

  constructor(parent: HTMLElement) {
    this.#elements = TILES.map((tile) => {
      const element = document.createElement("article");
      element.id = `tile-${tile.id}`;
      const title = document.createElement("h2");
      title.textContent = tile.title;
      const value = document.createElement("strong");
      const detail = document.createElement("small");
      element.append(title, value, detail);
      parent.append(element);
      return [tile, value, detail];
    });
  }

  show(report: StatusReport, latest: Sample): void {
    for (const [tile, value, detail] of this.#elements) {
      value.textContent = tile.value(report, latest);
      detail.textContent = tile.detail(report, latest);
    }
  }
}
