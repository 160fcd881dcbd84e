/** The native engine: the contract over the addon. Computes sizes and takes memory from Node's pool. */

import type { FrameError } from "../errors";
import { FRAME_OVERHEAD, KEY_LENGTH, MAX_FRAME_PLAINTEXT, sealedLength, TAG_LENGTH } from "../frame";
import { loadAddon, type LoadedAddon } from "./addon";
import { AddonError, causeOf, LEAVE_FIPS_MODE } from "./addon-error";
import {
  ANY_NUMBER_OF_FRAMES,
  POOL,
  SIGNAL_STRIDE,
  type Allocator,
  type Engine,
  type EventHub,
  type FrameOpener,
  type FrameSealer,
  type MessageAead,
  type QueueCounts,
} from "./contract";
import { frameError, type FrameErrorCode } from "./frame-error";
import { gather } from "./gather";

/** The exports of the addon. The classes below extend its classes. See native/binding. */
interface Addon {
  FrameSealer: new (key: Uint8Array, counter: bigint) => AddonSealer;
  FrameOpener: new (key: Uint8Array, counter: bigint, maxFrames: number) => AddonOpener;
  EventHub: new (maxEvents: number, maxBytes: number, maxSubscriptions: number) => AddonHub;
  aeadVersion: string;
  sealMessage(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, output: Buffer): boolean;
  openMessage(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    tag: Uint8Array,
    output: Buffer,
  ): boolean;
}

interface AddonSealer {
  nextCounter(): bigint;
  destroy(): void;
  sealFrames(output: Buffer, ...chunks: readonly Uint8Array[]): number;
}

interface AddonOpener {
  nextCounter(): bigint;
  destroy(): void;
  openFrames(segment: Buffer, output?: Buffer): number;
}

interface AddonHub extends Pick<
  EventHub,
  "mute" | "subscribe" | "unsubscribe" | "isSubscribed" | "unsubscribeAll" | "subscriptions"
> {
  add(): number;
  remove(slot: number): void;
  attachSealer(slot: number, sealer: object): void;
  setSignals(signals: Uint32Array): void;
  /** @returns The number of signals that it wrote, or {@link NEEDS_JSON}. */
  broadcastValue(aid: number, iid: number, value: unknown, flags: number, exceptSlot: number): number;
  /** @returns The signal, 0, or {@link NEEDS_JSON}. */
  sendValue(slot: number, aid: number, iid: number, value: unknown, flags: number): number;
  prepare(slot: number): number;
  takePrepared(output: Buffer): number;
  countList(slot: number): Float64Array;
}

const NOTHING = Buffer.alloc(0);

/** The statuses of native/core/frame.h that are errors. */
const STATUS_CODES: Partial<Record<number, FrameErrorCode>> = {
  1: "ERR_HAPWIRE_FRAME_TOO_LONG",
  2: "ERR_HAPWIRE_FRAME_AUTHENTICATION",
  3: "ERR_HAPWIRE_NONCE_EXHAUSTED",
  4: "ERR_HAPWIRE_CODEC_CLOSED",
  6: "ERR_HAPWIRE_CIPHER",
  7: "ERR_HAPWIRE_FRAME_COUNT",
};

/** @param result - A negative status. */
function errorOf(result: number): FrameError {
  const code = STATUS_CODES[-result];
  if (code === undefined) {
    throw new Error(
      `the addon answered with status ${String(-result)}: a fault of hapwire's, please report it`,
    );
  }
  return frameError(code);
}

/** The most chunks that the addon takes in one call. */
const MAX_CHUNKS = 16;
/** How the addon packs two results: see native/binding/codec.h. */
const PENDING_STRIDE = 2048;

/** Flags of an event, and the answer for a value whose JSON the addon does not write. See native/binding/hub.h. */
const IS_JSON = 1;
const IMMEDIATE = 2;
const NEEDS_JSON = -1;

function sealerClass(Base: Addon["FrameSealer"]): new (key: Uint8Array, counter: bigint) => FrameSealer {
  return class NativeSealer extends Base implements FrameSealer {
    frames = 0;

    get counter(): bigint {
      return this.nextCounter();
    }

    seal(chunks: readonly Uint8Array[], length: number, memory: Allocator = POOL): Buffer {
      const output = memory.allocate(sealedLength(length));
      const result = this.#sealInto(output, chunks, length);
      if (result < 0) {
        throw errorOf(result);
      }
      this.frames += (output.length - length) / FRAME_OVERHEAD;
      return output;
    }

    #sealInto(output: Buffer, chunks: readonly Uint8Array[], length: number): number {
      const [first] = chunks;
      if (first !== undefined && chunks.length === 1) {
        // To spread an array costs a fifth of a small frame's cipher.
        return this.sealFrames(output, first);
      }
      if (chunks.length <= MAX_CHUNKS) {
        return this.sealFrames(output, ...chunks);
      }
      const gathered = Buffer.allocUnsafe(length);
      gather(chunks, gathered);
      return this.sealFrames(output, gathered);
    }
  };
}

function openerClass(
  Base: Addon["FrameOpener"],
): new (key: Uint8Array, counter: bigint, maxFrames: number) => FrameOpener {
  return class NativeOpener extends Base implements FrameOpener {
    frames = 0;
    pendingLength = 0;

    get counter(): bigint {
      return this.nextCounter();
    }

    open(segment: Buffer): Buffer {
      const before = this.pendingLength;
      // In place, unless the start of a frame is held: its plaintext may be longer than the segment that completes it.
      const output = before === 0 ? segment : Buffer.allocUnsafe(before + segment.length);
      const result = before === 0 ? this.openFrames(segment) : this.openFrames(segment, output);
      if (result < 0) {
        this.pendingLength = 0;
        throw errorOf(result);
      }
      const pending = result % PENDING_STRIDE;
      const length = (result - pending) / PENDING_STRIDE;
      this.pendingLength = pending;
      this.frames += (before + segment.length - pending - length) / FRAME_OVERHEAD;
      return length === 0 ? NOTHING : output.subarray(0, length);
    }

    override destroy(): void {
      this.pendingLength = 0;
      super.destroy();
    }
  };
}

function hubClass(
  Base: Addon["EventHub"],
): new (maxEvents: number, maxBytes: number, maxSubscriptions: number) => EventHub {
  return class NativeEventHub extends Base implements EventHub {
    /** Written by the addon. Has at least one place for each slot. */
    signals = new Uint32Array(0);
    /** By slot. The hub counts their frames. */
    readonly #sealers: ({ frames: number } | undefined)[] = [];

    override add(): number {
      const slot = super.add();
      if (slot >= this.signals.length) {
        this.signals = new Uint32Array(Math.max(64, 2 * slot));
        this.setSignals(this.signals);
      }
      return slot;
    }

    override remove(slot: number): void {
      super.remove(slot);
      this.#sealers[slot] = undefined;
    }

    override attachSealer(slot: number, sealer: FrameSealer): void {
      super.attachSealer(slot, sealer);
      this.#sealers[slot] = sealer;
    }

    broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number {
      const flags = immediate ? IMMEDIATE : 0;
      const count = this.broadcastValue(aid, iid, value, flags, exceptSlot);
      return count === NEEDS_JSON
        ? this.broadcastValue(aid, iid, jsonOf(value), flags + IS_JSON, exceptSlot)
        : count;
    }

    send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number {
      const flags = immediate ? IMMEDIATE : 0;
      const result = this.sendValue(slot, aid, iid, value, flags);
      const signal =
        result === NEEDS_JSON ? this.sendValue(slot, aid, iid, jsonOf(value), flags + IS_JSON) : result;
      this.signals[0] = slot * SIGNAL_STRIDE + signal;
      return signal === 0 ? 0 : 1;
    }

    take(slot: number, memory: Allocator = POOL): Buffer | undefined {
      const length = this.prepare(slot);
      if (length === 0) {
        return undefined;
      }
      const output = memory.allocate(length);
      const result = this.takePrepared(output);
      if (result < 0) {
        throw errorOf(result);
      }
      const sealer = this.#sealers[slot];
      if (sealer !== undefined) {
        sealer.frames += Math.ceil(length / (MAX_FRAME_PLAINTEXT + FRAME_OVERHEAD));
      }
      return output;
    }

    counts(slot: number): QueueCounts {
      return queueCounts(this.countList(slot));
    }
  };
}

function queueCounts(list: Float64Array): QueueCounts {
  const [queued, duplicates, collapsed, unsubscribed, delivered, messages, pendingEvents, pendingBytes] =
    list as unknown as [number, number, number, number, number, number, number, number];
  return { queued, duplicates, collapsed, unsubscribed, delivered, messages, pendingEvents, pendingBytes };
}

/** Undefined if `JSON.stringify` leaves the key out. A `toJSON` may use the hub, which has done nothing with the value yet. */
function jsonOf(value: unknown): string | undefined {
  const prefix = '{"value":';
  const json = JSON.stringify({ value });
  return json.startsWith(prefix) ? json.slice(prefix.length, -1) : undefined;
}

function messageAead(addon: Addon): MessageAead {
  return {
    seal(key, nonce, aad, text) {
      const output = Buffer.allocUnsafe(text.length + TAG_LENGTH);
      if (!addon.sealMessage(key, nonce, aad, text, output)) {
        throw new Error("OpenSSL cannot seal a message");
      }
      return output;
    },

    open(key, nonce, aad, text, tag) {
      const output = Buffer.allocUnsafe(text.length);
      return addon.openMessage(key, nonce, aad, text, tag, output) ? output : undefined;
    },
  };
}

/**
 * Makes the engine from an addon.
 *
 * @throws {@link AddonError} if no addon loads, or if OpenSSL refuses ChaCha20-Poly1305.
 */
export function createNativeEngine(loaded: LoadedAddon = loadAddon()): Engine {
  const { exports, file, origin, rejected } = loaded;
  const addon = exports as Addon;
  try {
    // The addon loads even if OpenSSL has no such cipher, as in FIPS mode. Throw here and not at the first controller.
    new addon.FrameSealer(new Uint8Array(KEY_LENGTH), 0n).destroy();
  } catch (cause) {
    const reason = causeOf(cause);
    throw new AddonError({ reason, remedy: LEAVE_FIPS_MODE }, [...rejected, { file, reason }], { cause });
  }
  const NativeSealer = sealerClass(addon.FrameSealer);
  const NativeOpener = openerClass(addon.FrameOpener);
  const NativeEventHub = hubClass(addon.EventHub);
  return {
    name: "native",
    aead: addon.aeadVersion.split(" ", 2).join(" "),
    addon: { file, origin, rejected },
    createSealer: (key, counter) => new NativeSealer(key, counter),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new NativeOpener(key, counter, maxFrames),
    createEventHub: ({ maxEvents, maxBytes, maxSubscriptions }) =>
      new NativeEventHub(maxEvents, maxBytes, maxSubscriptions),
    messages: messageAead(addon),
  };
}
