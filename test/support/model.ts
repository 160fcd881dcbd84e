/**
 * A model of the engines, written to be read: one pass over plain lists, no regard for speed.
 *
 * Nothing here comes from an engine but the numbers that the contract gives the signals.
 */

import { createCipheriv } from "node:crypto";
import { Signal, Subscribed } from "#src/engine/contract";
import type { QueueCounts, HubLimits } from "#src/engine/contract";

/** One frame: 2 bytes of length, which are the AAD; ciphertext; 16 bytes of tag. [PROTOCOL: the secured session] */
export function modelFrame(key: Uint8Array, counter: bigint, plaintext: Uint8Array): Buffer {
  const aad = Buffer.alloc(2);
  aad.writeUInt16LE(plaintext.length);
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(counter, 4);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Buffer.concat([aad, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The frames of a message, of which the first has this counter. */
export function modelFrames(key: Uint8Array, counter: bigint, message: Uint8Array): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < message.length; at += 1024) {
    frames.push(modelFrame(key, counter + BigInt(frames.length), message.subarray(at, at + 1024)));
  }
  return frames;
}

interface ModelCharacteristic {
  readonly aid: number;
  readonly iid: number;
}

interface ModelEvent extends ModelCharacteristic {
  readonly json: string;
  readonly immediate: boolean;
}

/** One connection of the hub. A broadcast is a `send` on every connection but the one it came from. */
export class ModelConnection {
  readonly #limits: HubLimits;
  #subscriptions: ModelCharacteristic[] = [];
  #queue: ModelEvent[] = [];
  #isMuted = false;
  #hadImmediate = false;
  readonly #counts = { queued: 0, duplicates: 0, collapsed: 0, unsubscribed: 0, delivered: 0, messages: 0 };

  constructor(limits: HubLimits) {
    this.#limits = limits;
  }

  /** aid, iid, aid, iid, … */
  get subscriptions(): number[] {
    return this.#subscriptions.flatMap(({ aid, iid }) => [aid, iid]);
  }

  get counts(): QueueCounts {
    return { ...this.#counts, pendingEvents: this.#queue.length, pendingBytes: this.#bytes };
  }

  isSubscribed(aid: number, iid: number): boolean {
    return this.#subscriptions.some((other) => isSame(other, { aid, iid }));
  }

  subscribe(aid: number, iid: number): number {
    if (this.isSubscribed(aid, iid)) {
      return Subscribed.Present;
    }
    if (this.#subscriptions.length >= this.#limits.maxSubscriptions) {
      return Subscribed.Refused;
    }
    this.#subscriptions.push({ aid, iid });
    return Subscribed.Added;
  }

  unsubscribe(aid: number, iid: number): boolean {
    const wasSubscribed = this.isSubscribed(aid, iid);
    this.#subscriptions = this.#subscriptions.filter((other) => !isSame(other, { aid, iid }));
    return wasSubscribed;
  }

  unsubscribeAll(): void {
    this.#subscriptions = [];
  }

  /** @returns A signal, or 0 for none. */
  send(aid: number, iid: number, value: unknown, immediate: boolean): number {
    const event = { aid, iid, json: JSON.stringify({ aid, iid, value }), immediate };
    if (!this.isSubscribed(aid, iid) || this.#isMuted) {
      return 0;
    }
    const last = this.#queue.findLast((other) => isSame(other, event));
    if (!immediate && last?.json === event.json) {
      this.#counts.duplicates += 1;
      return 0;
    }
    const signal = this.#signalOf(event);
    this.#hadImmediate ||= immediate;
    this.#queue.push(event);
    this.#counts.queued += 1;
    if (this.#isPastLimits) {
      this.#drop((older, newer) => !older.immediate && !newer.immediate);
    }
    if (this.#isPastLimits) {
      this.#drop(() => true);
    }
    return this.#isPastBytes ? Signal.Overflow : signal;
  }

  mute(): void {
    this.#empty();
    this.#isMuted = true;
  }

  take(): Buffer | undefined {
    const wanted = this.#queue.filter(({ aid, iid }) => this.isSubscribed(aid, iid));
    this.#counts.unsubscribed += this.#queue.length - wanted.length;
    this.#empty();
    if (wanted.length === 0) {
      return undefined;
    }
    this.#counts.delivered += wanted.length;
    this.#counts.messages += 1;
    return modelMessage(wanted.map(({ json }) => JSON.parse(json) as unknown));
  }

  get #bytes(): number {
    return bytesOf(this.#queue);
  }

  get #isPastLimits(): boolean {
    return this.#queue.length > this.#limits.maxEvents || this.#isPastBytes;
  }

  /** The newest event may be of any size. */
  get #isPastBytes(): boolean {
    return bytesOf(this.#queue.slice(0, -1)) > this.#limits.maxBytes;
  }

  /** The signal of an event that joins the waiting events. */
  #signalOf({ immediate }: ModelEvent): number {
    if (immediate) {
      return this.#hadImmediate ? 0 : Signal.FlushNow;
    }
    return this.#queue.length > 0 ? 0 : Signal.WindowOpens;
  }

  /** Drops each event that gives way to a newer one of its characteristic. */
  #drop(givesWay: (older: ModelEvent, newer: ModelEvent) => boolean): void {
    const before = this.#queue;
    this.#queue = before.filter(
      (event, position) =>
        !before.slice(position + 1).some((newer) => isSame(newer, event) && givesWay(event, newer)),
    );
    this.#counts.collapsed += before.length - this.#queue.length;
  }

  #empty(): void {
    this.#queue = [];
    this.#hadImmediate = false;
  }
}

function bytesOf(events: readonly ModelEvent[]): number {
  return Buffer.byteLength(events.map(({ json }) => json).join(""));
}

/** The message with these events in it, given oldest first. [PROTOCOL: events] */
export function modelMessage(events: readonly unknown[]): Buffer {
  const body = Buffer.from(JSON.stringify({ characteristics: [...events].reverse() }));
  const head = `EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: ${String(body.length)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function isSame(a: ModelCharacteristic, b: ModelCharacteristic): boolean {
  return a.aid === b.aid && a.iid === b.iid;
}
