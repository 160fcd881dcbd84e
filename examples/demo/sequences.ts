/** Holds the events that a controller received against those that the bridge owed it. */

import { itemAt } from "./items";

/** A characteristic's new value. */
export interface EventValue {
  /** `aid.iid` */
  id: string;
  value: unknown;
}

/** Where what was received differs from what was due. */
export interface Difference {
  /** Due and not received. */
  lost: number;
  /** Received and not due, or received twice. */
  unexpected: number;
  /** Received, but not in its place. */
  outOfOrder: number;
}

/** Compares two sequences of events, both oldest first. */
export function compareSequences(due: readonly EventValue[], received: readonly EventValue[]): Difference {
  const lost = without(due, received);
  const unexpected = without(received, due);
  const inDue = due.filter((event) => !lost.has(event));
  const inReceived = received.filter((event) => !unexpected.has(event));
  return {
    lost: lost.size,
    unexpected: unexpected.size,
    outOfOrder: inDue.filter((event, index) => keyOf(event) !== keyOf(itemAt(inReceived, index))).length,
  };
}

/** The events of the first sequence that the second has not as often. */
function without(events: readonly EventValue[], others: readonly EventValue[]): Set<EventValue> {
  const counts = new Map<string, number>();
  for (const other of others) {
    counts.set(keyOf(other), (counts.get(keyOf(other)) ?? 0) + 1);
  }
  const missing = new Set<EventValue>();
  for (const event of events) {
    const count = counts.get(keyOf(event)) ?? 0;
    counts.set(keyOf(event), count - 1);
    if (count <= 0) {
      missing.add(event);
    }
  }
  return missing;
}

function keyOf({ id, value }: EventValue): string {
  return `${id} ${JSON.stringify(value)}`;
}
