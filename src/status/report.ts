/** The shape of the status report: types alone, for the process that writes a report and for its readers. */

/** In milliseconds. Null if there was no request. */
export interface Quantiles {
  p50: number | null;
  p99: number | null;
}

/** A user of HomeKit. All devices of a person share one pairing. */
export interface User {
  /** Counts from 1, in the order in which the reports first had the users. Null if there are too many. */
  number: number | null;
  /** Null if the bridge does not say. */
  isAdmin: boolean | null;
  /** The beginning of the pairing identifier. */
  id: string;
}

/** One second of all servers. Rates are per second, times in milliseconds. Null if nothing was measured. */
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
  /** By how much the event loop was late: the median of 20 looks. */
  loopDelay: number | null;
  longestLoopDelay: number | null;
}

/** The last five minutes: for each figure, a value a second, the newest last. At most 300. */
export type History = Record<keyof Sample, (number | null)[]>;

/** Counts of events, since the connection or the server began. */
export interface EventFigures {
  queued: number;
  /** Dropped because they equal the event before, or replaced by a newer value. */
  coalesced: number;
  delivered: number;
  /** EVENT messages that delivered them. */
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
  /** Null before pair-verify. */
  user: User | null;
  /** How many characteristics it watches: those it has subscribed to. */
  watches: number;
  /** Address and port. */
  remote: string;
  /** Milliseconds since it was accepted. */
  age: number;
  /** Milliseconds since bytes last came or went. */
  idle: number;
  authenticated: boolean;
  engine: string;
}

/** A characteristic, with the names that the bridge has for it. The names are other people's text: never markup. */
export interface NamedCharacteristic {
  aid: number;
  iid: number;
  /** Null if the bridge does not know the accessory, or if hapwire does not know its names. */
  accessory: string | null;
  characteristic: string | null;
}

/** A request that took long, or that got no answer. */
export interface SlowRequest {
  /** When it came, in milliseconds since the epoch. */
  time: number;
  /** Until its answer was handed to the socket, until its connection ended, or until now. */
  milliseconds: number;
  /** `waiting`: not answered yet. `none`: the connection ended first. */
  answer: "sent" | "waiting" | "none";
  /** `read` or `write` of characteristics, a path of HAP, or `other`. */
  what: string;
  /** How many characteristics the request names. Null if unknown. */
  characteristics: number | null;
  /**
   * The characteristic whose answer came last. Null if the bridge does not say, or if the request waited for the
   * controller or for an earlier answer.
   */
  last: NamedCharacteristic | null;
  /** Characteristics that never answered. At most five. */
  silent: NamedCharacteristic[];
  /** Null before pair-verify. */
  user: User | null;
  /** The controller's address. */
  from: string;
}

/** Connections that ended for the same reason in the last hour. */
export interface EndedConnections {
  /** For people. */
  reason: string;
  /** The code of docs/errors.md. Null if the controller or the application closed in order. */
  code: string | null;
  count: number;
  /** When the last one ended, in milliseconds since the epoch. */
  time: number;
}

/** One answer to "why does HomeKit show No Response?", from the last hour. */
export interface Finding {
  /** Grows with the time that HomeKit waited, or with the tiles that show "No Response". For sorting only. */
  weight: number;
  /** When it happened last, in milliseconds since the epoch. */
  time: number;
  /** For people. Has names of accessories in it, so never markup; has no address and no pairing identifier. */
  text: string;
  /** The name of the bridge. Null if it has no name, or if all bridges of the process are meant. */
  bridge: string | null;
  /** Null if no single controller is meant, or before pair-verify. */
  user: User | null;
  /** The controller's address. Null if no single controller is meant. */
  from: string | null;
}

export interface ServerReport extends Traffic {
  /** The name of the bridge. Null if unknown. */
  name: string | null;
  /** Null if the server does not listen. */
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
  /** Of the last hour, the slowest first. At most 20. */
  slow: SlowRequest[];
  /** Of the last hour, the most frequent reason first. */
  ended: EndedConnections[];
  /** The longest-lived first, no more than a page can show. */
  connections: ConnectionReport[];
}

export interface StatusReport {
  hapwire: string;
  node: string;
  pid: number;
  /** Seconds since the process began. */
  uptime: number;
  /** When the report was written, in milliseconds since the epoch. */
  time: number;
  /** Of all servers' requests in the last half a minute to a minute. */
  requestTime: Quantiles;
  history: History;
  /** Why HomeKit may show "No Response": of all servers, the worst first. At most 40. */
  why: Finding[];
  servers: ServerReport[];
}
