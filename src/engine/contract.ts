/**
 * The contract of the hot path. Both engines, `native` (the addon) and `portable` (TypeScript), fulfil it to the byte. The
 * transport knows nothing else of an engine. The public API has checked all arguments.
 */

import type { AddonFile } from "./addon";

/** `native` is the addon, `portable` is TypeScript. */
export type EngineName = "native" | "portable";

export interface Allocator {
  /** @returns Memory for a message: of exactly that length, not initialised. */
  allocate(length: number): Buffer;
}

/** Node's pool. */
export const POOL: Allocator = { allocate: (length) => Buffer.allocUnsafe(length) };

/** One direction of a secured session: plaintext in, frames out. Owns its key and its nonce counter. */
export interface FrameSealer {
  /** The counter of the next frame. Has no meaning after the last nonce. */
  readonly counter: bigint;

  /** Frames sealed so far. */
  readonly frames: number;

  /**
   * Seals the concatenation of `chunks`. The counter moves before the cipher runs, so that no failure makes a nonce repeat.
   *
   * @param chunks - The plaintext in pieces. The native engine gathers them without a copy.
   * @param length - The sum of the chunks' lengths, in bytes.
   * @param memory - For the frames.
   * @returns The frames, in that memory or in memory of their own. Empty if `length` is 0.
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED` before anything is sealed, `ERR_HAPWIRE_CIPHER`,
   *   `ERR_HAPWIRE_CODEC_CLOSED`. After the first two the key is wiped.
   * @throws TypeError if the chunks are not as long as they say. Nothing was sealed.
   */
  seal(chunks: readonly Uint8Array[], length: number, memory?: Allocator): Buffer;

  /** Wipes the key. Later calls of `seal` throw `ERR_HAPWIRE_CODEC_CLOSED`. May be called twice. */
  destroy(): void;
}

/** The other direction: frames in, cut anywhere by the network; plaintext out. */
export interface FrameOpener {
  /** The counter of the next frame. */
  readonly counter: bigint;

  /** Frames opened so far. */
  readonly frames: number;

  /** Bytes of an incomplete frame that are held: 0 to 1,041. */
  readonly pendingLength: number;

  /**
   * Opens all frames that `segment` completes.
   *
   * @param segment - The next bytes of the stream. The opener owns its memory from here on: the native engine decrypts in
   *   place and returns a part of it.
   * @returns The plaintext of these frames, concatenated. Empty if no frame was completed.
   * @throws {@link FrameError} `ERR_HAPWIRE_FRAME_TOO_LONG`, `ERR_HAPWIRE_FRAME_COUNT`,
   *   `ERR_HAPWIRE_FRAME_AUTHENTICATION`, `ERR_HAPWIRE_NONCE_EXHAUSTED`, `ERR_HAPWIRE_CODEC_CLOSED`. After any of them
   *   the key is wiped, nothing of the segment is given out, and the opener stays closed.
   */
  open(segment: Buffer): Buffer;

  /** Wipes the key and the incomplete frame. May be called twice. */
  destroy(): void;
}

/** Tells the transport what a queued event needs. The values are shared with native/core/event_queue.h. */
export const Signal = {
  /** The first event of an empty queue: the coalescing window opens. */
  WindowOpens: 1,
  /** The first immediate event: flush as soon as no request is under way. */
  FlushNow: 2,
  /** The newest events alone exceed the bytes of the queue. They are kept: flush the queue now, or close the connection. */
  Overflow: 3,
} as const;

/** The result of {@link EventHub.subscribe}. The values are shared with native/core/event_hub.h. */
export const Subscribed = {
  /** The slot holds no connection. */
  Nothing: 0,
  Added: 1,
  /** The connection was subscribed already. */
  Present: 2,
  /** The connection has `maxSubscriptions` already. */
  Refused: 3,
} as const;

/** The `maxFrames` of an opener without that limit. */
export const ANY_NUMBER_OF_FRAMES = 0xffffffff;

/** No connection has this slot. */
export const NO_SLOT = 0xffffffff;

/** A signal is `slot * SIGNAL_STRIDE + Signal`. */
export const SIGNAL_STRIDE = 4;

/** The counts of one connection's event queue, as `ConnectionStats` explains them. All but the last two only grow. */
export interface QueueCounts {
  queued: number;
  duplicates: number;
  collapsed: number;
  unsubscribed: number;
  delivered: number;
  messages: number;
  pendingEvents: number;
  pendingBytes: number;
}

/** Limits of each connection of a hub. A queue that exceeds one of the first two collapses. */
export interface HubLimits {
  /** Events that wait. The newest events of all subscriptions may be more. */
  maxEvents: number;
  /** Bytes of these events' JSON, without the newest event, which may have any size. */
  maxBytes: number;
  maxSubscriptions: number;
}

/**
 * All subscriptions and event queues of one server. A connection is a slot: a small integer, used again after
 * {@link EventHub.remove}. Calls for a slot that holds no connection do nothing. An aid or iid is a safe integer from 0 up.
 */
export interface EventHub {
  /** Adds a connection. @returns Its slot. */
  add(): number;
  /** Forgets a connection, its subscriptions and its queue. */
  remove(slot: number): void;

  /**
   * Seals the connection's messages from here on.
   *
   * @param sealer - Made by the same engine. It may be destroyed at any time.
   * @throws TypeError if the engine can't use the sealer. The connection must close: its messages would be plaintext.
   */
  attachSealer(slot: number, sealer: FrameSealer): void;

  /** Drops a connection's events and queues no more. Its subscriptions stay. */
  mute(slot: number): void;

  /** @returns A value of {@link Subscribed}. */
  subscribe(slot: number, aid: number, iid: number): number;
  /** Leaves the characteristic's events out of the next flush. @returns False if it was not subscribed. */
  unsubscribe(slot: number, aid: number, iid: number): boolean;
  isSubscribed(slot: number, aid: number, iid: number): boolean;
  unsubscribeAll(slot: number): void;
  /** The subscribed characteristics as aid, iid, aid, iid, …; the oldest subscription first. */
  subscriptions(slot: number): Float64Array;

  /**
   * Queues an event for every subscriber but `exceptSlot`. Ignores ids that nobody can subscribe to, of any type.
   *
   * A plain event is one that is not immediate. It is dropped if it equals the last queued event of its characteristic on
   * that connection. A queue that exceeds a limit drops each plain event with a newer plain event of its characteristic.
   * If the queue still exceeds a limit, it keeps only the newest event of each characteristic. If it still exceeds its
   * bytes, the signal is {@link Signal.Overflow}. [PROTOCOL: events]
   *
   * @param value - Anything that `JSON.stringify` takes. If that leaves the value out, the event has no value.
   * @param exceptSlot - The connection that the change came from, or {@link NO_SLOT}.
   * @returns The number of entries of {@link EventHub.signals} that were written: at most one for each connection.
   * @throws The error of `JSON.stringify`, even if nobody is subscribed: a TypeError for a bigint and for a circle, and
   *   the error of a `toJSON`. A `toJSON` may use the hub: it is called before this call does anything.
   */
  broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number;

  /** The same for one connection. */
  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number;

  /** Written by {@link EventHub.broadcast} and {@link EventHub.send}. The next call overwrites it; `add` may replace it. */
  readonly signals: Uint32Array;

  /**
   * Empties the queue into one `EVENT/1.0` message, newest event first, without those unsubscribed meanwhile.
   *
   * @param memory - For the message.
   * @returns The message, sealed if a sealer is attached. Undefined if there is nothing to send.
   * @throws {@link FrameError} as {@link FrameSealer.seal}. The events are gone, and the connection must be closed.
   */
  take(slot: number, memory?: Allocator): Buffer | undefined;

  counts(slot: number): QueueCounts;
}

/**
 * ChaCha20-Poly1305 over one message, under a key and a nonce of the caller's, as HomeKit Data Stream needs it. Keys have 32
 * bytes, nonces 12, tags 16; a text has less than 2 GiB. [RFC 8439 §2.8]
 */
export interface MessageAead {
  /** @returns The ciphertext and its tag, in memory of their own. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Buffer;
  /** @returns The plaintext, or undefined if the tag does not match. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    tag: Uint8Array,
  ): Buffer | undefined;
}

/** An engine, loaded and working. */
export interface Engine {
  readonly name: EngineName;
  /** The library that does ChaCha20-Poly1305, with its version: `OpenSSL 3.0.17`, `sodium-native 5.1.0`. */
  readonly aead: string;
  /** Undefined for `portable`. */
  readonly addon: AddonFile | undefined;

  /** Copies the key of 32 bytes. The counter is that of the first frame: 0 in a new session. */
  createSealer(key: Uint8Array, counter: bigint): FrameSealer;
  /** As {@link Engine.createSealer}. One segment may complete `maxFrames` frames, up to 2^32 - 1. */
  createOpener(key: Uint8Array, counter: bigint, maxFrames?: number): FrameOpener;
  createEventHub(limits: HubLimits): EventHub;

  /** Undefined for `portable`: `node:crypto` does the same. */
  readonly messages: MessageAead | undefined;
}
