/** The part of the status report about one server: figures and troubles, and no secret. */

import { dateOf, type Clock } from "../clock";
import { linkOf, type HAPConnection } from "../connection";
import { connectionRefused, type RefusalMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import type { ConnectionStats } from "../stats";
import { RecentTimes } from "./recent-times";
import type { ConnectionReport, Finding, ServerReport, Traffic } from "./report";
import { listen } from "./trouble/listen";
import type { Lasting } from "./trouble/longest";
import { bridgeNameOf } from "./trouble/names";
import { ServerTrouble } from "./trouble/server-trouble";
import type { UserNumbers } from "./users";

/** Connections in the list. The sums count all. */
const MAX_CONNECTIONS = 200;

export class WatchedServer {
  readonly times: RecentTimes;
  readonly #server: EventedHTTPServer;
  readonly #clock: Clock;
  readonly #users: UserNumbers;
  readonly #refused = new Map<string, number>();
  readonly #trouble: ServerTrouble;
  readonly #unlisten: () => void;
  /** At the last call of {@link takeTraffic}. */
  #before: Traffic;

  constructor(server: EventedHTTPServer, clock: Clock, users: UserNumbers) {
    this.#server = server;
    this.#clock = clock;
    this.#users = users;
    this.#before = trafficOf(server.stats().total);
    this.times = new RecentTimes(() => clock.now());
    this.#trouble = new ServerTrouble(server, clock, users, (milliseconds, now) => {
      this.times.add(milliseconds, now);
    });
    this.#unlisten = listen<[RefusalMessage]>(server, [
      connectionRefused,
      ({ reason: { code } }) => {
        this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
      },
    ]);
  }

  /** The name of the bridge. Null if unknown. */
  get name(): string | null {
    return bridgeNameOf(this.#server);
  }

  /** The traffic since the last call. The waiting events are those of now, not a difference. */
  takeTraffic(): Traffic {
    const before = this.#before;
    const now = trafficOf(this.#server.stats().total);
    this.#before = now;
    return {
      requests: now.requests - before.requests,
      bytesIn: now.bytesIn - before.bytesIn,
      bytesOut: now.bytesOut - before.bytesOut,
      events: {
        ...now.events,
        queued: now.events.queued - before.events.queued,
        coalesced: now.events.coalesced - before.events.coalesced,
        delivered: now.events.delivered - before.events.delivered,
        messages: now.events.messages - before.events.messages,
      },
    };
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
    this.#unlisten();
    this.#trouble.release();
  }

  #reportOf(connection: HAPConnection, now: number): ConnectionReport {
    const { remoteAddress, remotePort } = connection;
    const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
    return {
      user: this.#users.whoIs(connection).user,
      // Two numbers for each. The public set of strings would cost a hundred times as much.
      watches: linkOf(connection).events.subscriptions().length / 2,
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
