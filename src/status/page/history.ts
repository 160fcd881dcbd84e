/** The last five minutes, one sample for each report; kept here and nowhere else. */

import type { ServerReport, StatusReport } from "../report.js";

/** Samples kept: five minutes, at one a second. */
const LENGTH = 300;
/** Milliseconds without a report after which lines are broken. */
const GAP = 5000;

const KIB = 1024;

/** Rates are per second, bytes in KiB, times in milliseconds; null breaks a line. */
export interface Sample {
  requests: number | null;
  p50: number | null;
  p99: number | null;
  queued: number | null;
  coalesced: number | null;
  delivered: number | null;
  pending: number | null;
  bytesIn: number | null;
  bytesOut: number | null;
  loopDelay: number | null;
  longestLoopDelay: number | null;
}

const EMPTY: Sample = {
  requests: null,
  p50: null,
  p99: null,
  queued: null,
  coalesced: null,
  delivered: null,
  pending: null,
  bytesIn: null,
  bytesOut: null,
  loopDelay: null,
  longestLoopDelay: null,
};

/** @returns The sum of a figure over all servers. */
export function sum(report: StatusReport, figure: (server: ServerReport) => number): number {
  return report.servers.reduce((total, server) => total + figure(server), 0);
}

export class History {
  /** Milliseconds since the epoch. */
  readonly #times: number[] = [];
  readonly #samples: Sample[] = [];
  #last: StatusReport | undefined;

  /** For each sample, seconds before the newest: from below 0 up to 0. */
  get ages(): number[] {
    const now = this.#times.at(-1) ?? 0;
    return this.#times.map((time) => (time - now) / 1000);
  }

  get latest(): Sample {
    return this.#samples.at(-1) ?? EMPTY;
  }

  series(key: keyof Sample): (number | null)[] {
    return this.#samples.map((sample) => sample[key]);
  }

  /** @param report - One that is not newer than the last is left out. */
  add(report: StatusReport): void {
    const last = this.#last;
    if (last !== undefined && report.time <= last.time) {
      return;
    }
    this.#last = report;
    const isGap = last === undefined || report.time - last.time > GAP || report.pid !== last.pid;
    if (isGap && last !== undefined) {
      this.#push(report.time - 1, EMPTY);
    }
    this.#push(report.time, sampleOf(report, isGap ? undefined : last));
  }

  #push(time: number, sample: Sample): void {
    this.#times.push(time);
    this.#samples.push(sample);
    if (this.#times.length > LENGTH) {
      this.#times.shift();
      this.#samples.shift();
    }
  }
}

function sampleOf(report: StatusReport, last: StatusReport | undefined): Sample {
  const rate = (figure: (server: ServerReport) => number): number | null => {
    if (last === undefined) {
      return null;
    }
    // A server that has gone took its figures along.
    const more = Math.max(0, sum(report, figure) - sum(last, figure));
    return more / ((report.time - last.time) / 1000);
  };
  return {
    requests: rate(({ requests }) => requests),
    p50: report.requestTime.p50,
    p99: report.requestTime.p99,
    queued: rate(({ events }) => events.queued),
    coalesced: rate(({ events }) => events.coalesced),
    delivered: rate(({ events }) => events.delivered),
    pending: sum(report, ({ events }) => events.pending),
    bytesIn: rate(({ bytesIn }) => bytesIn / KIB),
    bytesOut: rate(({ bytesOut }) => bytesOut / KIB),
    loopDelay: report.loopDelay.p50,
    longestLoopDelay: report.loopDelay.max,
  };
}
