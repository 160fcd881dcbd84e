/** Writes the status report about all watched servers. Many readers share a report for half a second. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { dateOf, type Clock } from "../clock";
import { serverClosed, type ServerMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import { version } from "../version";
import { HistoryRecord } from "./history";
import { LoopWatch } from "./loop-watch";
import { RecentTimes } from "./recent-times";
import type { Finding, StatusReport, Traffic } from "./report";
import { stallText } from "./trouble/sentences";
import { UserNumbers } from "./users";
import { WatchedServer } from "./watched-server";

/** Milliseconds for which a report is returned again: many browsers cost as much as one. */
const FRESH = 500;
/** Milliseconds. */
const SAMPLE_INTERVAL = 1000;
/** Findings in a report. */
const MAX_FINDINGS = 40;
/** A stall of the event loop keeps everybody waiting. */
const STALL_WEIGHT = 2;

export class Reporter {
  readonly #clock: Clock;
  readonly #watched = new Map<EventedHTTPServer, WatchedServer>();
  readonly #users = new UserNumbers();
  readonly #history = new HistoryRecord();
  readonly #loop: LoopWatch;
  /** When the last sample was due, in milliseconds of the clock. */
  #sampledAt: number;
  readonly #onServerClosed = (message: unknown): void => {
    this.#release((message as ServerMessage).server);
  };
  #last: StatusReport | undefined;
  /** When it was written, in milliseconds of the clock. */
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sampledAt = clock.now();
    this.#loop = new LoopWatch(clock, this.#sampleIfDue.bind(this));
    subscribe(serverClosed.name, this.#onServerClosed);
  }

  /** Reports on a server, until it is closed. */
  watch(server: EventedHTTPServer): void {
    if (!this.#watched.has(server)) {
      this.#watched.set(server, new WatchedServer(server, this.#clock, this.#users));
    }
  }

  report(): StatusReport {
    const now = this.#clock.now();
    if (this.#last === undefined || now - this.#lastAt >= FRESH) {
      this.#last = this.#write();
      this.#lastAt = now;
    }
    return this.#last;
  }

  /** Ends all observation. */
  close(): void {
    unsubscribe(serverClosed.name, this.#onServerClosed);
    this.#loop.stop();
    for (const server of [...this.#watched.keys()]) {
      this.#release(server);
    }
  }

  #release(server: EventedHTTPServer): void {
    this.#watched.get(server)?.release();
    this.#watched.delete(server);
  }

  /** A sample that is late, because the event loop stood still, stands for all seconds since the one before. */
  #sampleIfDue(now: number): void {
    const seconds = Math.floor((now - this.#sampledAt) / SAMPLE_INTERVAL);
    if (seconds === 0) {
      return;
    }
    this.#sampledAt += seconds * SAMPLE_INTERVAL;
    const watched = [...this.#watched.values()];
    const traffics = watched.map((server) => server.takeTraffic());
    const sum = (figure: (traffic: Traffic) => number): number =>
      traffics.reduce((total, traffic) => total + figure(traffic), 0);
    const { median, longest } = this.#loop.takeDelays();
    this.#history.add(
      {
        ...RecentTimes.quantiles(watched.map(({ times }) => times)),
        requests: sum(({ requests }) => requests) / seconds,
        queued: sum(({ events }) => events.queued) / seconds,
        coalesced: sum(({ events }) => events.coalesced) / seconds,
        delivered: sum(({ events }) => events.delivered) / seconds,
        pending: sum(({ events }) => events.pending),
        bytesIn: sum(({ bytesIn }) => bytesIn) / seconds,
        bytesOut: sum(({ bytesOut }) => bytesOut) / seconds,
        loopDelay: median,
        longestLoopDelay: longest,
      },
      seconds,
    );
  }

  #write(): StatusReport {
    const watched = [...this.#watched.values()];
    return {
      hapwire: version,
      node: process.version,
      pid: process.pid,
      uptime: Math.round(process.uptime()),
      time: dateOf(this.#clock),
      requestTime: RecentTimes.quantiles(watched.map(({ times }) => times)),
      history: this.#history.report(),
      why: this.#findings(watched),
      servers: watched.map((server) => server.report()),
    };
  }

  /** The worst first. */
  #findings(watched: readonly WatchedServer[]): Finding[] {
    const stalls = this.#loop.stalls();
    const [first, ...others] = watched;
    const bridge = others.length === 0 ? (first?.name ?? null) : null;
    const ago = dateOf(this.#clock) - this.#clock.now();
    const aboutStalls = stalls.map(({ end, milliseconds }) => ({
      weight: milliseconds * STALL_WEIGHT,
      time: Math.round(ago + end - milliseconds),
      text: stallText(milliseconds),
      bridge,
      user: null,
      from: null,
    }));
    return [...aboutStalls, ...watched.flatMap((server) => server.findings(stalls))]
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MAX_FINDINGS);
  }
}
