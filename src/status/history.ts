/** The last five minutes of all servers: one sample a second, kept while the reports are on. About 26 KB. */

import type { History, Sample } from "./report";

/** Samples kept: five minutes. */
export const HISTORY_LENGTH = 300;

type Key = keyof Sample;
/** How the samples of several processes become one: rates and counts are added, of times the longest counts. */
const JOINS: Readonly<Record<Key, (a: number, b: number) => number>> = {
  requests: add,
  p50: Math.max,
  p99: Math.max,
  queued: add,
  coalesced: add,
  delivered: add,
  pending: add,
  bytesIn: add,
  bytesOut: add,
  loopDelay: Math.max,
  longestLoopDelay: Math.max,
};
const KEYS = Object.keys(JOINS) as Key[];

export class HistoryRecord {
  readonly #columns = emptyHistory();

  /** @param seconds - How many seconds the sample stands for: more than one after a stall of the event loop. */
  add(sample: Sample, seconds: number): void {
    for (const key of KEYS) {
      const column = this.#columns[key];
      const value = rounded(sample[key]);
      for (let i = 0; i < Math.min(seconds, HISTORY_LENGTH); i += 1) {
        column.push(value);
      }
      column.splice(0, column.length - HISTORY_LENGTH);
    }
  }

  /** A copy, which does not change. */
  report(): History {
    return historyOf((key) => [...this.#columns[key]]);
  }
}

/** Joins the histories of several processes. They may have different lengths: all end now. */
export function mergeHistories(histories: readonly History[]): History {
  return historyOf((key) => {
    const columns = histories.map((history) => history[key]);
    const length = Math.max(0, ...columns.map((column) => column.length));
    return Array.from({ length }, (_, index) => {
      const values = columns.map((column) => column.at(index - length) ?? null);
      return values.reduce((sum, value) =>
        sum === null ? value : value === null ? sum : rounded(JOINS[key](sum, value)),
      );
    });
  });
}

export function emptyHistory(): History {
  return historyOf(() => []);
}

function historyOf(columnOf: (key: Key) => History[Key]): History {
  return Object.fromEntries(KEYS.map((key) => [key, columnOf(key)])) as unknown as History;
}

function add(a: number, b: number): number {
  return a + b;
}

/** Two digits after the point: a report has 3,300 of these numbers. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}
