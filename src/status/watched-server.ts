/** The part of the status report about one server: figures and troubles, and nothing that would let a reader in. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { dateOf, type Clock } from "../clock";
import type { HAPConnection } from "../connection";
import { connectionRefused, type RefusalMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import type { ConnectionStats } from "../stats";
import { RecentTimes } from "./recent-times";
import type { ConnectionReport, Finding, ServerReport, Traffic } from "./report";
import { controllerOf } from "./trouble/controller";
import type { Lasting } from "./trouble/longest";
import { bridgeNameOf } from "./trouble/names";
import { ServerTrouble } from "./trouble/server-trouble";

/** Connections that are listed. The sums have all. */
const MAX_CONNECTIONS = 200;

export class WatchedServer {
  readonly times: RecentTimes;
  readonly #server: EventedHTTPServer;
  readonly #clock: Clock;
  readonly #refused = new Map<string, number>();
  readonly #trouble: ServerTrouble;

  constructor(server: EventedHTTPServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.times = new RecentTimes(() => clock.now());
    this.#trouble = new ServerTrouble(server, clock, (milliseconds, now) => {
      this.times.add(milliseconds, now);
    });
    subscribe(connectionRefused.name, this.#onRefusal);
  }

  /** The name of the bridge. Null if nobody told hapwire. */
  get name(): string | null {
    return bridgeNameOf(this.#server);
  }

  report(): ServerReport {
    const { accepted, authenticated, connections: open, closed, total } = this.#server.stats();
    const now = dateOf(this.#clock);
    const connections = [...this.#server.connections]
      .slice(0, MAX_CONNECTIONS)
      .map((connection) => this.#reportOf(connection, now));
    return {
      name: this.name,
      port: this.#server.address()?.port ?? null,
      engine: this.#server.engine,
      accepted,
      authenticated,
      open,
      closed: closed as Record<string, number>,
      refused: Object.fromEntries(this.#refused),
      requestTime: RecentTimes.quantiles([this.times]),
      slow: this.#trouble.slow(),
      ended: this.#trouble.ended(),
      connections,
      ...trafficOf(total),
    };
  }

  /** @param stalls - Of the event loop, in the last hour. */
  findings(stalls: readonly Lasting[]): Finding[] {
    return this.#trouble.findings(stalls);
  }

  /** Ends the observation. */
  release(): void {
    unsubscribe(connectionRefused.name, this.#onRefusal);
    this.#trouble.release();
  }

  readonly #onRefusal = (message: unknown): void => {
    const { connection, reason } = message as RefusalMessage;
    if (connection.server === this.#server) {
      this.#refused.set(reason.code, (this.#refused.get(reason.code) ?? 0) + 1);
    }
  };

  #reportOf(connection: HAPConnection, now: number): ConnectionReport {
    const { remoteAddress, remotePort } = connection;
    const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
    return {
      controller: controllerOf(connection).controller,
      remote: `${host}:${String(remotePort)}`,
      age: Math.max(0, now - connection.openedAt),
      idle: Math.max(0, now - connection.lastSocketOperation),
      authenticated: connection.isAuthenticated(),
      engine: this.#server.engine,
      ...trafficOf(connection.stats()),
    };
  }
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
