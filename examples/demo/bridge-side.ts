/** The bridge's own view of its connections, to be held against what the controllers and the taps saw. */

import type { ConnectionStats, EventedHTTPServer, HAPConnection } from "hapwire";

/** Sums over all connections, closed ones too. */
export interface BridgeTotals {
  connections: number;
  requests: number;
  events: number;
}

/** Watches the server of a bridge. */
export class BridgeSide {
  readonly #open = new Map<number, HAPConnection>();
  /** The figures of those that have closed. */
  readonly #closed = new Map<number, ConnectionStats>();
  #requests = 0;
  #eventsOfClosed = 0;
  #awaited: { path: string; missing: number; then: () => void } | undefined;

  /** Starts to watch; to be called before the server listens. */
  watch(server: EventedHTTPServer): void {
    server.on("connection-opened", (connection) => {
      this.#open.set(connection.remotePort, connection);
    });
    server.on("request", (_connection, request) => {
      this.#requests += 1;
      this.#noteRequest(request.url ?? "");
    });
    server.on("connection-closed", (connection) => {
      const stats = connection.stats();
      this.#open.delete(connection.remotePort);
      this.#closed.set(connection.remotePort, stats);
      this.#eventsOfClosed += stats.eventsDelivered;
    });
  }

  /** The figures of the connection from a port, as they are or as they were when it closed. */
  statsOf(port: number): ConnectionStats | undefined {
    return this.#open.get(port)?.stats() ?? this.#closed.get(port);
  }

  /** Calls back when so many requests for a path have reached the bridge, before the last of them is handled. */
  atRequest(path: string, count: number, then: () => void): void {
    this.#awaited = { path, missing: count, then };
  }

  totals(): BridgeTotals {
    let events = this.#eventsOfClosed;
    for (const connection of this.#open.values()) {
      events += connection.stats().eventsDelivered;
    }
    return { connections: this.#open.size, requests: this.#requests, events };
  }

  #noteRequest(path: string): void {
    const awaited = this.#awaited;
    if (awaited?.path === path && --awaited.missing === 0) {
      this.#awaited = undefined;
      awaited.then();
    }
  }
}
