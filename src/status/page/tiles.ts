/** The current figures, in large type. */

import type { ServerReport, StatusReport } from "../report.js";
import { setText } from "./element.js";
import { bytes, count, decimal, milliseconds } from "./format.js";

interface Tile {
  readonly id: string;
  readonly title: string;
  readonly value: (report: StatusReport) => string;
  readonly detail: (report: StatusReport) => string;
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
    detail: ({ history }) => `${decimal(history.requests.at(-1) ?? null)} per second`,
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
    value: ({ history }) => milliseconds(history.loopDelay.at(-1) ?? null),
    detail: ({ history }) => `longest ${milliseconds(history.longestLoopDelay.at(-1) ?? null)}`,
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

  show(report: StatusReport): void {
    for (const [tile, value, detail] of this.#elements) {
      setText(value, tile.value(report));
      setText(detail, tile.detail(report));
    }
  }
}

/** @returns The sum of a figure over all servers. */
function sum({ servers }: StatusReport, figure: (server: ServerReport) => number): number {
  return servers.reduce((total, server) => total + figure(server), 0);
}
