/** Writes the status report about all watched servers. It is written anew after a while, however many readers ask. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { dateOf, type Clock } from "../clock";
import { serverClosed, type ServerMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import { version } from "../version";
import { LoopDelayMonitor } from "./loop-delay";
import { RecentTimes } from "./recent-times";
import type { Finding, StatusReport } from "./report";
import { stallText } from "./trouble/sentences";
import { Stalls } from "./trouble/stalls";
import { WatchedServer } from "./watched-server";

/** Milliseconds for which a report is returned again: many browsers cost as much as one. */
const FRESH = 500;
/** Findings in a report. */
const MAX_FINDINGS = 40;
/** A stall of the event loop keeps everybody waiting. */
const STALL_WEIGHT = 2;

export class Reporter {
  readonly #clock: Clock;
  readonly #watched = new Map<EventedHTTPServer, WatchedServer>();
  readonly #loopDelay: LoopDelayMonitor;
  readonly #stalls: Stalls;
  readonly #onServerClosed = (message: unknown): void => {
    this.#release((message as ServerMessage).server);
  };
  #last: StatusReport | undefined;
  /** When it was written, in milliseconds of the clock. */
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#loopDelay = new LoopDelayMonitor(clock);
    this.#stalls = new Stalls(clock);
    subscribe(serverClosed.name, this.#onServerClosed);
  }

  /** Reports on a server, until it is closed. */
  watch(server: EventedHTTPServer): void {
    if (!this.#watched.has(server)) {
      this.#watched.set(server, new WatchedServer(server, this.#clock));
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
    this.#loopDelay.stop();
    this.#stalls.stop();
    for (const server of [...this.#watched.keys()]) {
      this.#release(server);
    }
  }

  #release(server: EventedHTTPServer): void {
    this.#watched.get(server)?.release();
    this.#watched.delete(server);
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
      loopDelay: this.#loopDelay.take(),
      why: this.#findings(watched),
      servers: watched.map((server) => server.report()),
    };
  }

  /** The worst first. */
  #findings(watched: readonly WatchedServer[]): Finding[] {
    const stalls = this.#stalls.list();
    const [first, ...others] = watched;
    const bridge = others.length === 0 ? (first?.name ?? null) : null;
    const ago = dateOf(this.#clock) - this.#clock.now();
    const aboutStalls = stalls.map(({ end, milliseconds }) => ({
      weight: milliseconds * STALL_WEIGHT,
      time: Math.round(ago + end - milliseconds),
      text: stallText(milliseconds),
      bridge,
      controller: null,
      from: null,
    }));
    return [...aboutStalls, ...watched.flatMap((server) => server.findings(stalls))]
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MAX_FINDINGS);
  }
}
