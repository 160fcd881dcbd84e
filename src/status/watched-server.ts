/** The figures of one server for the status page, and nothing that would let a reader in. */

import { dateOf, type Clock } from "../clock";
import type { HAPConnection } from "../connection";
import { observe } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import type { ConnectionStats } from "../stats";
import { RecentTimes } from "./recent-times";
import type { ConnectionReport, ServerReport, Traffic } from "./report";

/** Connections told of one by one; the rest are in the sums. */
const MAX_CONNECTIONS = 200;
/** Characters of a pairing identifier that are shown, at most and as a part of it. */
const SHOWN_CHARACTERS = 4;
const SHOWN_PART = 1 / 4;

export class WatchedServer {
  readonly times: RecentTimes;
  readonly #server: EventedHTTPServer;
  readonly #clock: Clock;
  readonly #refused = new Map<string, number>();
  readonly #unobserve: () => void;

  constructor(server: EventedHTTPServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.times = new RecentTimes(() => clock.now());
    this.#unobserve = observe(server, {
      answered: (milliseconds) => {
        this.times.add(milliseconds);
      },
      refused: (code) => {
        this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
      },
    });
  }

  report(): ServerReport {
    const { accepted, authenticated, connections: open, closed, total } = this.#server.stats();
    const now = dateOf(this.#clock);
    const connections = [...this.#server.connections]
      .slice(0, MAX_CONNECTIONS)
      .map((connection) => this.#reportOf(connection, now));
    return {
      port: this.#server.address()?.port ?? null,
      engine: this.#server.engine,
      accepted,
      authenticated,
      open,
      closed: closed as Record<string, number>,
      refused: Object.fromEntries(this.#refused),
      requestTime: RecentTimes.quantiles([this.times]),
      connections,
      ...trafficOf(total),
    };
  }

  /** Ends the observation. */
  release(): void {
    this.#unobserve();
  }

  #reportOf(connection: HAPConnection, now: number): ConnectionReport {
    const { username, remoteAddress, remotePort } = connection;
    const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
    return {
      controller: username === undefined ? null : shortened(username),
      remote: `${host}:${String(remotePort)}`,
      age: Math.max(0, now - connection.openedAt),
      idle: Math.max(0, now - connection.lastSocketOperation),
      authenticated: connection.isAuthenticated(),
      engine: this.#server.engine,
      ...trafficOf(connection.stats()),
    };
  }
}

/** Enough to tell one's controllers apart, too little to name one. */
function shortened(username: string): string {
  const length = Math.min(SHOWN_CHARACTERS, Math.ceil(username.length * SHOWN_PART));
  return `${username.slice(0, length)}…`;
}

function trafficOf(stats: ConnectionStats): Traffic {
  return {
    requests: stats.requests,
    bytesIn: stats.bytesIn,
    bytesOut: stats.bytesOut,
    events: {
      queued: stats.eventsQueued,
      coalesced: stats.eventsDuplicate + stats.eventsCollapsed,
      delivered: stats.eventsDelivered,
      messages: stats.eventMessages,
      pending: stats.eventsPending,
      pendingBytes: stats.eventBytesPending,
    },
  };
}
