/** Figures of a connection and of a server, counted since it opened unless they say otherwise. */

/** The result of {@link HAPConnection.stats}. */
export interface ConnectionStats {
  /** Requests handed to handlers. */
  requests: number;
  /** Responses that finished, or were given up with their connection. */
  responses: number;
  /** Bytes read from the socket. */
  bytesIn: number;
  /** Bytes handed to the socket. */
  bytesOut: number;
  /** Frames opened. */
  framesIn: number;
  /** Frames sealed. */
  framesOut: number;
  /** Events accepted into the queue. */
  eventsQueued: number;
  /** Events dropped because the last queued one of the same characteristic had the same value. */
  eventsDuplicate: number;
  /** Events dropped for newer values of their characteristic because the queue exceeded its limit. */
  eventsCollapsed: number;
  /** Events left out because their characteristic was unsubscribed. */
  eventsUnsubscribed: number;
  /** Events sent. */
  eventsDelivered: number;
  /** EVENT messages sent. */
  eventMessages: number;
  /** Events waiting now. */
  eventsPending: number;
  /** Bytes of JSON of the events waiting now. */
  eventBytesPending: number;
}

/** The result of {@link EventedHTTPServer.stats}. */
export interface ServerStats {
  /** Connections open now. */
  connections: number;
  /** Authenticated connections open now. */
  authenticated: number;
  /** Connections accepted since the server was made. */
  accepted: number;
  /** Connections that this side closed or that failed, by the code of the reason. See docs/errors.md. */
  closed: Partial<Record<string, number>>;
  /** The sums over all connections, open and closed. */
  total: ConnectionStats;
}

export function noStats(): ConnectionStats {
  return {
    requests: 0,
    responses: 0,
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
    framesOut: 0,
    eventsQueued: 0,
    eventsDuplicate: 0,
    eventsCollapsed: 0,
    eventsUnsubscribed: 0,
    eventsDelivered: 0,
    eventMessages: 0,
    eventsPending: 0,
    eventBytesPending: 0,
  };
}

/** Adds the figures of one connection to a sum. */
export function addStats(sum: ConnectionStats, added: Readonly<ConnectionStats>): void {
  for (const name of Object.keys(sum) as (keyof ConnectionStats)[]) {
    sum[name] += added[name];
  }
}
