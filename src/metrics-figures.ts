/** The Prometheus metrics that are read from a server's stats. */

import type { ConnectionStats, ServerStats } from "./stats";

export type Labels = Readonly<Record<string, string>>;

export interface Figure {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** The labels beside `server`. */
  readonly labels?: readonly string[];
  read(stats: ServerStats): readonly (readonly [labels: Labels, value: number])[];
}

/** One number of the sum over all connections. */
function summed(type: Figure["type"], name: string, key: keyof ConnectionStats, help: string): Figure {
  return { name, help, type, read: ({ total }) => [[{}, total[key]]] };
}

/** In the order of the output. */
export const FIGURES: readonly Figure[] = [
  {
    name: "connections",
    help: "Connections open now.",
    type: "gauge",
    labels: ["authenticated"],
    read: ({ connections, authenticated }) => [
      [{ authenticated: "true" }, authenticated],
      [{ authenticated: "false" }, connections - authenticated],
    ],
  },
  {
    name: "connections_accepted_total",
    help: "Connections accepted.",
    type: "counter",
    read: ({ accepted }) => [[{}, accepted]],
  },
  {
    name: "connections_closed_total",
    help: "Connections closed by this side, by the code of the reason.",
    type: "counter",
    labels: ["reason"],
    read: ({ closed }) => Object.entries(closed).map(([reason, count = 0]) => [{ reason }, count]),
  },
  summed("counter", "requests_total", "requests", "Requests handed to handlers."),
  summed("counter", "responses_total", "responses", "Responses finished or given up."),
  summed("counter", "received_bytes_total", "bytesIn", "Bytes read from sockets."),
  summed("counter", "sent_bytes_total", "bytesOut", "Bytes handed to sockets."),
  summed("counter", "received_frames_total", "framesIn", "Encrypted frames opened."),
  summed("counter", "sent_frames_total", "framesOut", "Encrypted frames sealed."),
  summed("counter", "events_queued_total", "eventsQueued", "Events accepted into queues."),
  {
    name: "events_coalesced_total",
    help: "Events dropped as equal to the one before (duplicate), or replaced by a newer value at a queue's bound (collapsed).",
    type: "counter",
    labels: ["how"],
    read: ({ total }) => [
      [{ how: "duplicate" }, total.eventsDuplicate],
      [{ how: "collapsed" }, total.eventsCollapsed],
    ],
  },
  summed(
    "counter",
    "events_unsubscribed_total",
    "eventsUnsubscribed",
    "Events left out: unsubscribed before.",
  ),
  summed("counter", "events_delivered_total", "eventsDelivered", "Events sent."),
  summed("counter", "event_messages_total", "eventMessages", "EVENT messages that events were sent in."),
  summed("gauge", "events_pending", "eventsPending", "Events waiting now."),
  summed("gauge", "event_pending_bytes", "eventBytesPending", "Bytes of JSON of the events waiting now."),
];
