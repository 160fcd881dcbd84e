/** Who is subscribed to what, and the queue of each connection. */

import { SIGNAL_STRIDE } from "../contract";
import type { Allocator, EventHubCore, QueueCounts, QueueLimits, SealerCore } from "../contract";
import { eventMessage } from "./event-message";
import { EventQueue, NO_SIGNAL } from "./event-queue";
import type { QueuedEvent } from "./event-queue";

/** A characteristic that somebody is subscribed to. */
interface Topic {
  readonly aid: number;
  readonly iid: number;
  /** Names the characteristic, also after the topic is gone: events outlive a subscription. */
  readonly key: string;
  readonly subscribers: Set<HubConnection>;
}

/** A connection, as the hub sees it. */
interface HubConnection {
  readonly slot: number;
  /** By {@link Topic.key}, in the order in which they were subscribed. */
  readonly topics: Map<string, Topic>;
  readonly queue: EventQueue;
}

/** See {@link EventHubCore}. A method that is given an unknown slot does nothing. */
export class PortableEventHub implements EventHubCore {
  readonly #limits: QueueLimits;
  readonly #topics = new TopicTable();
  /** By slot; the slots that are free are the holes. */
  readonly #connections: (HubConnection | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Has room for one signal of each slot. */
  #signals = new Uint32Array(0);
  #signalCount = 0;

  constructor(limits: QueueLimits) {
    this.#limits = { ...limits };
  }

  get signals(): Uint32Array {
    return this.#signals;
  }

  add(): number {
    const slot = this.#freeSlots.pop() ?? this.#connections.length;
    this.#connections[slot] = { slot, topics: new Map(), queue: new EventQueue(this.#limits) };
    if (this.#signals.length < this.#connections.length) {
      this.#signals = new Uint32Array(2 * this.#connections.length);
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

  subscribe(slot: number, aid: number, iid: number): boolean {
    const connection = this.#connections[slot];
    if (connection === undefined || this.isSubscribed(slot, aid, iid)) {
      return false;
    }
    const topic = this.#topics.findOrAdd(aid, iid);
    topic.subscribers.add(connection);
    connection.topics.set(topic.key, topic);
    return true;
  }

  unsubscribe(slot: number, aid: number, iid: number): boolean {
    const connection = this.#connections[slot];
    const topic = this.#topics.find(aid, iid);
    if (connection === undefined || topic?.subscribers.has(connection) !== true) {
      return false;
    }
    this.#unsubscribe(connection, topic);
    return true;
  }

  isSubscribed(slot: number, aid: number, iid: number): boolean {
    const connection = this.#connections[slot];
    return connection !== undefined && this.#topics.find(aid, iid)?.subscribers.has(connection) === true;
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
    const json = jsonOf(aid, iid, value);
    this.#signalCount = 0;
    const topic = this.#topics.find(aid, iid);
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
    const json = jsonOf(aid, iid, value);
    this.#signalCount = 0;
    const connection = this.#connections[slot];
    const topic = this.#topics.find(aid, iid);
    if (connection !== undefined && topic?.subscribers.has(connection) === true) {
      this.#push(connection, createEvent(topic, json, immediate));
    }
    return this.#signalCount;
  }

  take(slot: number, sealer: SealerCore | undefined, memory?: Allocator): Buffer | undefined {
    const connection = this.#connections[slot];
    const events = connection?.queue.take(connection.topics) ?? [];
    if (events.length === 0) {
      return undefined;
    }
    const message = eventMessage(events.map(({ json }) => json));
    return sealer === undefined ? message : sealer.seal([message], message.length, memory);
  }

  endFlushes(): void {
    // Nothing is kept: each message is made anew.
  }

  counts(slot: number): QueueCounts {
    const queue = this.#connections[slot]?.queue ?? new EventQueue(this.#limits);
    return queue.counts;
  }

  #unsubscribe(connection: HubConnection, topic: Topic): void {
    connection.topics.delete(topic.key);
    topic.subscribers.delete(connection);
    if (topic.subscribers.size === 0) {
      this.#topics.delete(topic);
    }
  }

  #push(connection: HubConnection, event: QueuedEvent): void {
    const signal = connection.queue.push(event);
    if (signal !== NO_SIGNAL) {
      this.#signals[this.#signalCount] = connection.slot * SIGNAL_STRIDE + signal;
      this.#signalCount += 1;
    }
  }
}

/** The topics, by aid and then by iid: to look one up makes no string. */
class TopicTable {
  readonly #byAid = new Map<number, Map<number, Topic>>();

  find(aid: number, iid: number): Topic | undefined {
    return this.#byAid.get(aid)?.get(iid);
  }

  findOrAdd(aid: number, iid: number): Topic {
    return this.find(aid, iid) ?? this.#add(aid, iid);
  }

  delete({ aid, iid }: Topic): void {
    const accessory = this.#byAid.get(aid);
    accessory?.delete(iid);
    if (accessory?.size === 0) {
      this.#byAid.delete(aid);
    }
  }

  #add(aid: number, iid: number): Topic {
    const topic = { aid, iid, key: `${String(aid)}.${String(iid)}`, subscribers: new Set<HubConnection>() };
    const accessory = this.#byAid.get(aid) ?? new Map<number, Topic>();
    this.#byAid.set(aid, accessory.set(iid, topic));
    return topic;
  }
}

/**
 * An event's JSON, made once for all connections and before anything else: a `toJSON` is called, which may use the hub.
 */
function jsonOf(aid: number, iid: number, value: unknown): string {
  return JSON.stringify({ aid, iid, value });
}

function createEvent({ key }: Topic, json: string, immediate: boolean): QueuedEvent {
  return { key, json, bytes: Buffer.byteLength(json), immediate };
}
