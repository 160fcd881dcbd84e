/** Writes the status report: of all servers watched, at most once in a while however many ask. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { dateOf, type Clock } from "../clock";
import { serverClosed, type ServerMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import { version } from "../version";
import { LoopDelayMonitor } from "./loop-delay";
import { RecentTimes } from "./recent-times";
import type { StatusReport } from "./report";
import { WatchedServer } from "./watched-server";

/** Milliseconds for which a report is given again: many browsers cost as much as one. */
const FRESH = 500;

export class Reporter {
  readonly #clock: Clock;
  readonly #watched = new Map<EventedHTTPServer, WatchedServer>();
  readonly #loopDelay: LoopDelayMonitor;
  readonly #onServerClosed = (message: unknown): void => {
    this.#release((message as ServerMessage).server);
  };
  #last: StatusReport | undefined;
  /** When it was written, in milliseconds of the clock. */
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#loopDelay = new LoopDelayMonitor(clock);
    subscribe(serverClosed.name, this.#onServerClosed);
  }

  /** Tells of a server, until it is closed. */
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
      servers: watched.map((server) => server.report()),
    };
  }
}
