/**
 * The contract of the hot path. Both engines, `native` (the addon) and `portable` (TypeScript), fulfil it to the byte.
 *
 * An engine makes three things: a frame sealer and a frame opener (one of each makes a secured session) and an event
 * hub. The transport knows nothing else of either engine. The public API has checked all arguments.
 */

import type { AddonFile } from "./addon";

/** Which of the two implementations does the work. */
export type EngineName = "native" | "portable";

/** Gives memory for messages. */
export interface Allocator {
  /** @returns memory of exactly that length, not initialised. */
  allocate(length: number): Buffer;
}

/** Node's pool. */
export const POOL: Allocator = { allocate: (length) => Buffer.allocUnsafe(length) };

/** One direction of a secured session: plaintext in, frames out. Owns its key and its nonce counter. */
export interface FrameSealer {
  /** The counter of the next frame. Means nothing once the last nonce has been used. */
  readonly counter: bigint;

  /** Frames sealed so far. */
  readonly frames: number;

  /**
   * Seals the concatenation of `chunks` into as many frames as it needs.
   *
   * The counter moves before the cipher runs, so that no failure can make a nonce repeat.
   *
   * @param chunks - The plaintext, in pieces; gathered without a copy by the native engine.
   * @param length - The sum of the chunks' lengths, in bytes.
   * @param memory - For the frames.
   * @returns The frames, in that memory or in some of their own. Empty if `length` is 0.
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED` before anything is sealed, `ERR_HAPWIRE_CIPHER`,
   *   `ERR_HAPWIRE_CODEC_CLOSED`; after the first two the key is wiped.
   * @throws TypeError if the chunks are not as long as they say; nothing was sealed.
   */
  seal(chunks: readonly Uint8Array[], length: number, memory?: Allocator): Buffer;

  /** Wipes the key. Whatever is called later throws `ERR_HAPWIRE_CODEC_CLOSED`. May be called twice. */
  destroy(): void;
}

/** The other direction: frames in, in whatever pieces the network cut them; plaintext out. */
export interface FrameOpener {
  /** The counter of the next frame. */
  readonly counter: bigint;

  /** Frames opened so far. */
  readonly frames: number;

  /** How many bytes of an incomplete frame are held, 0 to 1,041. */
  readonly pendingLength: number;

  /**
   * Opens all frames that `segment` completes.
   *
   * @param segment - The next bytes of the stream. Its memory belongs to the opener from here on: the native engine
   *   decrypts in place and returns a part of it.
   * @returns The plaintext of all frames completed, concatenated; empty if none was.
   * @throws {@link FrameError} `ERR_HAPWIRE_FRAME_TOO_LONG`, `ERR_HAPWIRE_FRAME_COUNT`,
   *   `ERR_HAPWIRE_FRAME_AUTHENTICATION`, `ERR_HAPWIRE_NONCE_EXHAUSTED`, `ERR_HAPWIRE_CODEC_CLOSED`. After any of them the key is wiped, nothing of the
   *   segment is given out, and the opener stays closed.
   */
  open(segment: Buffer): Buffer;

  /** Wipes the key and the incomplete frame. May be called twice. */
  destroy(): void;
}

/** What a queued event asks of the transport. The values are shared with native/core/event_queue.h. */
export const Signal = {
  /** The first event of an empty queue: the coalescing window opens. */
  WindowOpens: 1,
  /** The first immediate event: flush as soon as no request is under way. */
  FlushNow: 2,
  /**
   * The queue exceeds its bytes although it holds the newest events alone. It keeps them: flush the queue now, or close
   * the connection.
   */
  Overflow: 3,
} as const;

/** The result of {@link EventHub.subscribe}. The values are shared with native/core/event_hub.h. */
export const Subscribed = {
  /** Nothing: the slot holds no connection. */
  Nothing: 0,
  Added: 1,
  /** Nothing: the connection was subscribed already. */
  Present: 2,
  /** Nothing: the connection has as many subscriptions as it may have. */
  Refused: 3,
} as const;

/** The `maxFrames` of an opener without that limit. */
export const ANY_NUMBER_OF_FRAMES = 0xffffffff;

/** A slot that no connection has. */
export const NO_SLOT = 0xffffffff;

/** A signal is `slot * SIGNAL_STRIDE + Signal`. */
export const SIGNAL_STRIDE = 4;

/** The counts of one connection's event queue. All but the last two only grow. */
export interface QueueCounts {
  /** Events accepted into the queue. */
  queued: number;
  /** Events dropped because the last queued one of the same characteristic had the same value. */
  duplicates: number;
  /** Events dropped for a newer one of the same characteristic when the queue collapsed. */
  collapsed: number;
  /** Events left out at a flush because the characteristic had been unsubscribed. */
  unsubscribed: number;
  /** Events handed out for delivery. */
  delivered: number;
  /** Messages that these went out in. */
  messages: number;
  /** Events that wait now. */
  pendingEvents: number;
  /** Bytes of JSON that wait now. */
  pendingBytes: number;
}

/** Bounds on each connection of a hub. A queue that exceeds one of the first two collapses. */
export interface HubLimits {
  /** Events that wait. The newest events of all subscriptions may be more. */
  maxEvents: number;
  /** Bytes of these events' JSON, without the newest one: that one may be of any size. */
  maxBytes: number;
  /** Subscriptions. */
  maxSubscriptions: number;
}

/**
 * All subscriptions and event queues of one server.
 *
 * A connection is a slot: a small integer, used again after {@link EventHub.remove}. Characteristics are
 * (aid, iid), both safe integers from 0 up. Calls for a slot that holds no connection do nothing.
 */
export interface EventHub {
  /** Adds a connection. @returns its slot. */
  add(): number;
  /** Forgets a connection, its subscriptions and its queue. */
  remove(slot: number): void;

  /**
   * From here on the connection's messages are sealed.
   *
   * @param sealer - Made by the same engine. It may be destroyed at any time.
   * @throws TypeError if the engine can't use the sealer. The connection must be closed then: its messages would go out
   *   in plaintext.
   */
  attachSealer(slot: number, sealer: FrameSealer): void;

  /** Drops a connection's events and queues no more. Its subscriptions stay. */
  mute(slot: number): void;

  /** @returns a value of {@link Subscribed}. */
  subscribe(slot: number, aid: number, iid: number): number;
  /** @returns false if it was not subscribed. Waiting events of it are left out at the next flush. */
  unsubscribe(slot: number, aid: number, iid: number): boolean;
  isSubscribed(slot: number, aid: number, iid: number): boolean;
  unsubscribeAll(slot: number): void;
  /** The subscribed characteristics as aid, iid, aid, iid, …; the oldest subscription first. */
  subscriptions(slot: number): Float64Array;

  /**
   * Queues an event for every subscriber but `exceptSlot`.
   *
   * An event is dropped if it is not immediate and equals the last queued event of its characteristic on that
   * connection. A queue that exceeds a bound drops each event that is not immediate and has a newer one of its
   * characteristic that is not immediate either. If it still exceeds a bound, it keeps only the newest event of each
   * characteristic. If it still exceeds its bytes, the signal is {@link Signal.Overflow}. [PROTOCOL: events]
   *
   * @param value - Anything that `JSON.stringify` takes; `undefined` (or what it leaves out) omits the key.
   * @param exceptSlot - The connection that the change came from, or {@link NO_SLOT}.
   * @returns How many entries of {@link EventHub.signals} were written: at most one for each connection.
   * @throws What `JSON.stringify` throws, even if nobody is subscribed: a TypeError for a bigint and for a circle, and
   *   what a `toJSON` throws. A `toJSON` may use the hub: it is called before this call does anything.
   */
  broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number;

  /** The same for one connection. */
  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number;

  /**
   * Written by {@link EventHub.broadcast} and {@link EventHub.send}; read before the next call. Another array after
   * {@link EventHub.add}, if there are more slots.
   */
  readonly signals: Uint32Array;

  /**
   * Empties the queue into one `EVENT/1.0` message, newest event first, without those unsubscribed meanwhile.
   *
   * @param memory - For the message.
   * @returns The message, sealed if a sealer is attached; undefined if there is nothing to send.
   * @throws {@link FrameError} as {@link FrameSealer.seal}. The events are gone, and the connection must be closed.
   */
  take(slot: number, memory?: Allocator): Buffer | undefined;

  counts(slot: number): QueueCounts;
}

/**
 * ChaCha20-Poly1305 over one message, under a key and a nonce that the caller keeps: what HomeKit Data Stream needs.
 * [RFC 8439 §2.8]
 *
 * Keys have 32 bytes, nonces 12, tags 16; a text has less than 2 GiB.
 */
export interface MessageAead {
  /** @returns the ciphertext with its tag behind it, in memory of their own. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Buffer;
  /** @returns the plaintext, or undefined if the tag does not match. */
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

  /**
   * @param key - 32 bytes; copied.
   * @param counter - The counter of the first frame, 0 in a new session.
   */
  createSealer(key: Uint8Array, counter: bigint): FrameSealer;
  /**
   * As {@link Engine.createSealer}.
   *
   * @param maxFrames - How many frames one segment may complete, up to 2^32 - 1.
   */
  createOpener(key: Uint8Array, counter: bigint, maxFrames?: number): FrameOpener;
  createEventHub(limits: HubLimits): EventHub;

  /** Undefined for `portable`: it has nothing that `node:crypto` does not do as well. */
  readonly messages: MessageAead | undefined;
}
