/** What the status page is told: types alone, for the side that writes it and for the page that reads it. */

/** Times in milliseconds; null where there is none. */
export interface Quantiles {
  p50: number | null;
  p99: number | null;
}

/** In milliseconds; null where none was measured. */
export interface LoopDelay {
  p50: number | null;
  max: number | null;
}

/** Counts of events, since the connection or the server began. */
export interface EventFigures {
  queued: number;
  /** Dropped as equal to the one before, or replaced by a newer value. */
  coalesced: number;
  delivered: number;
  /** EVENT messages that they were delivered in. */
  messages: number;
  /** Waiting now. */
  pending: number;
  pendingBytes: number;
}

export interface Traffic {
  requests: number;
  bytesIn: number;
  bytesOut: number;
  events: EventFigures;
}

export interface ConnectionReport extends Traffic {
  /** The beginning of the controller's pairing identifier; null before pair-verify. */
  controller: string | null;
  /** Address and port. */
  remote: string;
  /** Milliseconds since it was accepted. */
  age: number;
  /** Milliseconds since bytes last came or went. */
  idle: number;
  authenticated: boolean;
  engine: string;
}

export interface ServerReport extends Traffic {
  /** Null where it does not listen. */
  port: number | null;
  engine: string;
  accepted: number;
  authenticated: number;
  open: number;
  /** Connections that this side closed, by the code of the reason. */
  closed: Record<string, number>;
  /** Requests and connections refused, by the code of the reason. */
  refused: Record<string, number>;
  requestTime: Quantiles;
  /** The longest-lived first, no more than a page can show. */
  connections: ConnectionReport[];
}

export interface StatusReport {
  hapwire: string;
  node: string;
  pid: number;
  /** Seconds since the process began. */
  uptime: number;
  /** When this was written, in milliseconds since the epoch. */
  time: number;
  /** Of all servers' requests in the last half a minute to a minute. */
  requestTime: Quantiles;
  /** Since the report before; what the event loop was late by. */
  loopDelay: LoopDelay;
  servers: ServerReport[];
}
