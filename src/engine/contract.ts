/**
 * The contract of the hot path: what `native` (the addon) and `portable` (TypeScript) both do, to the byte.
 *
 * An engine gives three things: a frame sealer and a frame opener (one of each makes a secured session) and an event
 * hub. The transport knows nothing else of either engine. Arguments arrive checked: the public API has done so.
 */

/** Which of the two implementations does the work. */
export type EngineName = "native" | "portable";

/** Where the memory for frames comes from, when not from Node's pool. */
export interface Allocator {
  /** @returns memory of just that length, with anything in it. */
  allocate(length: number): Buffer;
}

/** Node's pool. */
export const POOL: Allocator = { allocate: (length) => Buffer.allocUnsafe(length) };

/** One direction of a secured session: plaintext in, frames out. Owns its key and its nonce counter. */
export interface SealerCore {
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
   * @returns The frames, in that memory or in some of their own. Empty where `length` is 0.
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED` before anything is sealed, `ERR_HAPWIRE_CIPHER`,
   *   `ERR_HAPWIRE_CODEC_CLOSED`; after the first two the key is wiped.
   * @throws TypeError where the chunks are not as long as they say; nothing was done.
   */
  seal(chunks: readonly Uint8Array[], length: number, memory?: Allocator): Buffer;

  /** Wipes the key. Whatever is called later throws `ERR_HAPWIRE_CODEC_CLOSED`. May be called twice. */
  destroy(): void;
}

/** The other direction: frames in, in whatever pieces the network cut them; plaintext out. */
export interface OpenerCore {
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
   * @returns The plaintext of all frames completed, concatenated; empty where none was.
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
  /** An immediate event was queued: flush as soon as no request is under way. */
  FlushNow: 2,
  /** The queue is past its bound even after it collapsed: the connection must be closed. */
  Overflow: 3,
} as const;

/** Where a segment may complete any number of frames. */
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
  /** Events dropped because a newer value took their place when the queue met its bound. */
  collapsed: number;
  /** Events left out at a flush because the characteristic had been unsubscribed. */
  unsubscribed: number;
  /** Events handed out for delivery. */
  delivered: number;
  /** Messages that these went out in. */
  messages: number;
  /** Events waiting now. */
  pendingEvents: number;
  /** Bytes of JSON waiting now. */
  pendingBytes: number;
}

/** Bounds on one connection's queue; past either it collapses, and past it still it overflows. */
export interface QueueLimits {
  maxEvents: number;
  maxBytes: number;
}

/**
 * All subscriptions and event queues of one server.
 *
 * A connection is a slot: a small integer, used again after {@link EventHubCore.remove}. Characteristics are
 * (aid, iid), both safe integers from 0 up. Calls for a slot that no connection has do nothing.
 */
export interface EventHubCore {
  /** Adds a connection. */
  add(): number;
  /** Forgets a connection, its subscriptions and its queue. */
  remove(slot: number): void;

  /** @returns false where it was subscribed already. */
  subscribe(slot: number, aid: number, iid: number): boolean;
  /** @returns false where it was not subscribed. Queued events of it are left out at the next flush. */
  unsubscribe(slot: number, aid: number, iid: number): boolean;
  isSubscribed(slot: number, aid: number, iid: number): boolean;
  unsubscribeAll(slot: number): void;
  /** The subscribed characteristics as aid, iid, aid, iid, …; in the order in which they were subscribed. */
  subscriptions(slot: number): Float64Array;

  /**
   * Queues an event for every subscriber but `exceptSlot`.
   *
   * Not queued where it is not immediate and the last queued event of the characteristic on that connection has the
   * same JSON. [PROTOCOL: events]
   *
   * @param value - Anything that `JSON.stringify` takes; `undefined` (or what it leaves out) omits the key.
   * @param exceptSlot - The connection that the change came from, or {@link NO_SLOT}.
   * @returns How many entries of {@link EventHubCore.signals} were written. A connection has at most one: none where
   *   its window is open already or an immediate event is waiting already.
   * @throws What `JSON.stringify` throws, whoever has subscribed: a TypeError for a bigint and for a circle, and what a
   *   `toJSON` throws. That one may use the hub: it is called before this call does anything.
   */
  broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number;

  /** The same for one connection. */
  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number;

  /** Written by {@link EventHubCore.broadcast} and {@link EventHubCore.send}; read before the next call. */
  readonly signals: Uint32Array;

  /**
   * Empties the queue into one `EVENT/1.0` message, newest event first, without those unsubscribed meanwhile.
   *
   * @param sealer - Seals the message; without it the message comes back in plaintext.
   * @param memory - For the sealed message.
   * @returns undefined where nothing is left to send.
   * @throws {@link FrameError} as {@link SealerCore.seal}; the events are gone then, and the connection must be closed.
   */
  take(slot: number, sealer: SealerCore | undefined, memory?: Allocator): Buffer | undefined;

  /**
   * Gives back what is kept from one {@link EventHubCore.take} to the next, because connections that flush together
   * often have the same list. Called when such a row of flushes is over.
   */
  endFlushes(): void;

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
  /** @returns the plaintext, or undefined where the tag does not match. */
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
  /** The file of the addon; undefined for `portable`. */
  readonly file: string | undefined;

  /**
   * @param key - 32 bytes; copied.
   * @param counter - The counter of the first frame, 0 in a new session.
   */
  createSealer(key: Uint8Array, counter: bigint): SealerCore;
  /**
   * As {@link Engine.createSealer}.
   *
   * @param maxFrames - How many frames one segment may complete, up to 2^32 - 1.
   */
  createOpener(key: Uint8Array, counter: bigint, maxFrames?: number): OpenerCore;
  createEventHub(limits: QueueLimits): EventHubCore;

  /** Undefined for `portable`: it has nothing that `node:crypto` does not do as well. */
  readonly messages: MessageAead | undefined;
}
