/** Shared by the tests of the event hub. */

import assert from "node:assert/strict";
import {
  NO_SLOT,
  SIGNAL_STRIDE,
  type EventHub,
  type HubLimits,
  type QueueCounts,
} from "#src/engine/contract";

/** Limits that a test does not meet. */
export const WIDE: HubLimits = { maxEvents: 4096, maxBytes: 1 << 20, maxSubscriptions: 100_000 };

export const NO_COUNTS: QueueCounts = {
  queued: 0,
  duplicates: 0,
  collapsed: 0,
  unsubscribed: 0,
  delivered: 0,
  messages: 0,
  pendingEvents: 0,
  pendingBytes: 0,
};

/** The signals of the last call as [slot, signal], by slot: the order among slots is the engine's. */
export function signalsOf(hub: EventHub, count: number): number[][] {
  return [...hub.signals.subarray(0, count)]
    .sort((a, b) => a - b)
    .map((signal) => [Math.floor(signal / SIGNAL_STRIDE), signal % SIGNAL_STRIDE]);
}

/** Adds a connection that is subscribed to 1.9, 1.10 and 2.9. @returns Its slot. */
export function addSubscriber(hub: EventHub): number {
  const slot = hub.add();
  hub.subscribe(slot, 1, 9);
  hub.subscribe(slot, 1, 10);
  hub.subscribe(slot, 2, 9);
  return slot;
}

/** Broadcasts to all but `except`. @returns The signals as [slot, signal], by slot. */
export function broadcast(
  hub: EventHub,
  aid: number,
  iid: number,
  value: unknown,
  immediate = false,
  except = NO_SLOT,
): number[][] {
  return signalsOf(hub, hub.broadcast(aid, iid, value, immediate, except));
}

/** Takes a message and lists its events as `aid.iid=value`, in the order in which they stand in it. */
export function takeValues(hub: EventHub, slot: number): string[] {
  const message = hub.take(slot)?.toString() ?? assert.fail("there is no message");
  const body = message.slice(message.indexOf("\r\n\r\n") + 4);
  const { characteristics } = JSON.parse(body) as {
    characteristics: { aid: number; iid: number; value: unknown }[];
  };
  return characteristics.map(({ aid, iid, value }) => `${String(aid)}.${String(iid)}=${String(value)}`);
}

export function bytesOf(aid: number, iid: number, value: unknown): number {
  return Buffer.byteLength(JSON.stringify({ aid, iid, value }));
}
