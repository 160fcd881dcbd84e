/** The subscriptions and the event queue of each connection. [PROTOCOL: events] */

import { isId } from "../../check";
import { SIGNAL_STRIDE, Subscribed } from "../contract";
import type { Allocator, EventHub, FrameSealer, HubLimits, QueueCounts } from "../contract";
import { EventQueue, NO_SIGNAL, type QueuedEvent } from "./event-queue";

/** A characteristic with subscribers. */
interface Topic {
  readonly aid: number;
  readonly iid: number;
  /** See {@link keyOf}. Events keep it after the topic is gone. */
  readonly key: string;
  readonly subscribers: Set<HubConnection>;
}

interface HubConnection {
  readonly slot: number;
  /** By {@link Topic.key}, in the order in which they were subscribed. */
  readonly topics: Map<string, Topic>;
  readonly queue: EventQueue;
  sealer: FrameSealer | undefined;
}

export class PortableEventHub implements EventHub {
  readonly #limits: HubLimits;
  /** By {@link Topic.key}. */
  readonly #topics = new Map<string, Topic>();
  /** By slot. Undefined if the slot is free. */
  readonly #connections: (HubConnection | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Has room for one signal of each slot. */
  signals = new Uint32Array(0);
  #signalCount = 0;

  constructor(limits: HubLimits) {
    this.#limits = { ...limits };
  }

  add(): number {
    const slot = this.#freeSlots.pop() ?? this.#connections.length;
    this.#connections[slot] = {
      slot,
      topics: new Map(),
      queue: new EventQueue(this.#limits),
      sealer: undefined,
    };
    if (this.signals.length < this.#connections.length) {
      this.signals = new Uint32Array(2 * this.#connections.length);
    }
    return slot;
  }

  remove(slot: number): void {
    if (this.#connections[slot] !== undefined) {
      this.unsubscribeAll(slot);
      this.#connections[slot] = undefined;
      this.#freeSlots.push(slot);
    }
  }

  attachSealer(slot: number, sealer: FrameSealer): void {
    const connection = this.#connections[slot];
    if (connection !== undefined) {
      connection.sealer = sealer;
    }
  }

  mute(slot: number): void {
    this.#connections[slot]?.queue.mute();
  }

  subscribe(slot: number, aid: number, iid: number): number {
    const connection = this.#connections[slot];
    if (connection === undefined) {
      return Subscribed.Nothing;
    }
    const key = keyOf(aid, iid);
    if (connection.topics.has(key)) {
      return Subscribed.Present;
    }
    if (connection.topics.size >= this.#limits.maxSubscriptions) {
      return Subscribed.Refused;
    }
    const topic = this.#topics.get(key) ?? { aid, iid, key, subscribers: new Set() };
    this.#topics.set(key, topic);
    topic.subscribers.add(connection);
    connection.topics.set(key, topic);
    return Subscribed.Added;
  }

  unsubscribe(slot: number, aid: number, iid: number): boolean {
    const connection = this.#connections[slot];
    const topic = connection?.topics.get(keyOf(aid, iid));
    if (connection === undefined || topic === undefined) {
      return false;
    }
    this.#unsubscribe(connection, topic);
    return true;
  }

  isSubscribed(slot: number, aid: number, iid: number): boolean {
    return this.#connections[slot]?.topics.has(keyOf(aid, iid)) === true;
  }

  unsubscribeAll(slot: number): void {
    const connection = this.#connections[slot];
    if (connection !== undefined) {
      for (const topic of connection.topics.values()) {
        this.#unsubscribe(connection, topic);
      }
    }
  }

  subscriptions(slot: number): Float64Array {
    const topics = [...(this.#connections[slot]?.topics.values() ?? [])];
    return Float64Array.from(topics.flatMap(({ aid, iid }) => [aid, iid]));
  }

  broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number {
    if (!isId(aid) || !isId(iid)) {
      return 0;
    }
    // First: a `toJSON` may use the hub.
    const json = JSON.stringify({ aid, iid, value });
    this.#signalCount = 0;
    const topic = this.#topics.get(keyOf(aid, iid));
    if (topic !== undefined) {
      const event = createEvent(topic, json, immediate);
      for (const connection of topic.subscribers) {
        if (connection.slot !== exceptSlot) {
          this.#push(connection, event);
        }
      }
    }
    return this.#signalCount;
  }

  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number {
    if (!isId(aid) || !isId(iid)) {
      return 0;
    }
    const json = JSON.stringify({ aid, iid, value });
    this.#signalCount = 0;
    const connection = this.#connections[slot];
    const topic = connection?.topics.get(keyOf(aid, iid));
    if (connection !== undefined && topic !== undefined) {
      this.#push(connection, createEvent(topic, json, immediate));
    }
    return this.#signalCount;
  }

  take(slot: number, memory?: Allocator): Buffer | undefined {
    const connection = this.#connections[slot];
    const events = connection?.queue.take(connection.topics) ?? [];
    if (events.length === 0) {
      return undefined;
    }
    const message = eventMessage(events);
    return connection?.sealer?.seal([message], message.length, memory) ?? message;
  }

  counts(slot: number): QueueCounts {
    const queue = this.#connections[slot]?.queue ?? new EventQueue(this.#limits);
    return queue.counts;
  }

  #unsubscribe(connection: HubConnection, topic: Topic): void {
    connection.topics.delete(topic.key);
    topic.subscribers.delete(connection);
    if (topic.subscribers.size === 0) {
      this.#topics.delete(topic.key);
    }
  }

  #push(connection: HubConnection, event: QueuedEvent): void {
    const signal = connection.queue.push(event);
    if (signal !== NO_SIGNAL) {
      this.signals[this.#signalCount] = connection.slot * SIGNAL_STRIDE + signal;
      this.#signalCount += 1;
    }
  }
}

/**
 * Names a characteristic. V8 hashes strings with a secret seed, but numbers without one, and digits alone too: a
 * controller could choose ids that share one bucket.
 */
function keyOf(aid: number, iid: number): string {
  return `${String(aid)}.${String(iid)}`;
}

/** @returns The `EVENT/1.0` message of these events, given oldest first. The message has the newest event first. */
function eventMessage(events: readonly QueuedEvent[]): Buffer {
  const json = events.map((event) => event.json).toReversed();
  const body = `{"characteristics":[${json.join(",")}]}`;
  const head = [
    "EVENT/1.0 200 OK",
    "Content-Type: application/hap+json",
    `Content-Length: ${String(Buffer.byteLength(body))}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function createEvent({ key }: Topic, json: string, immediate: boolean): QueuedEvent {
  return { key, json, bytes: Buffer.byteLength(json), immediate };
}
