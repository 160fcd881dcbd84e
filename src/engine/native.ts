/** The native engine: the contract over the addon. Sizes are computed here, memory comes from Node's pool. */

import path from "node:path";

import nodeGypBuild from "node-gyp-build";

import type { FrameError } from "../errors";
import { FRAME_OVERHEAD, frameCount, KEY_LENGTH, sealedLength } from "../frame";
import {
  ANY_NUMBER_OF_FRAMES,
  NO_SLOT,
  POOL,
  SIGNAL_STRIDE,
  type Allocator,
  type Engine,
  type EventHubCore,
  type OpenerCore,
  type QueueCounts,
  type QueueLimits,
  type SealerCore,
} from "./contract";
import { frameError, type FrameErrorCode } from "./frame-error";
import { gather } from "./gather";
import { NativeMessages, type AddonMessages } from "./native-messages";

/** What the addon exports. See native/binding. */
interface Addon extends AddonMessages {
  FrameSealer: new (key: Uint8Array, counter: bigint) => AddonSealer;
  FrameOpener: new (key: Uint8Array, counter: bigint, maxFrames: number) => AddonOpener;
  EventHub: new (maxEvents: number, maxBytes: number) => AddonHub;
  aeadVersion: string;
}

interface AddonSealer {
  seal(output: Buffer, ...chunks: readonly Uint8Array[]): number;
  counter(): bigint;
  destroy(): void;
}

interface AddonOpener {
  open(segment: Buffer, output?: Buffer): number;
  counter(): bigint;
  destroy(): void;
}

/** What the addon does just as the contract says. */
type SameAsContract =
  "add" | "remove" | "subscribe" | "unsubscribe" | "isSubscribed" | "unsubscribeAll" | "subscriptions";

interface AddonHub extends Pick<EventHubCore, SameAsContract> {
  /** @returns how many signals there are for {@link AddonHub.copySignals}; undefined for none. */
  broadcast(
    aid: number,
    iid: number,
    value: unknown,
    flags?: number,
    exceptSlot?: number,
  ): number | undefined;
  copySignals(signals: Uint32Array): void;
  /** @returns the signal, or 0. */
  send(slot: number, aid: number, iid: number, value: unknown, flags: number): number;
  prepare(slot: number): number;
  take(output: Buffer, sealer?: AddonSealer): number;
  releasePrepared(): void;
  counts(slot: number): Float64Array;
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

/** A result below 0 is a status with its sign turned. */
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

class NativeSealer implements SealerCore {
  frames = 0;
  readonly native: AddonSealer;

  constructor(native: AddonSealer) {
    this.native = native;
  }

  get counter(): bigint {
    return this.native.counter();
  }

  seal(chunks: readonly Uint8Array[], length: number, memory: Allocator = POOL): Buffer {
    const output = memory.allocate(sealedLength(length));
    const result = this.#sealInto(output, chunks, length);
    if (result < 0) {
      throw errorOf(result);
    }
    this.frames += frameCount(length);
    return output;
  }

  #sealInto(output: Buffer, chunks: readonly Uint8Array[], length: number): number {
    const [first] = chunks;
    if (first !== undefined && chunks.length === 1) {
      // By far the most; to spread an array costs a fifth of a small frame's cipher.
      return this.native.seal(output, first);
    }
    if (chunks.length <= MAX_CHUNKS) {
      return this.native.seal(output, ...chunks);
    }
    const gathered = Buffer.allocUnsafe(length);
    gather(chunks, gathered);
    return this.native.seal(output, gathered);
  }

  destroy(): void {
    this.native.destroy();
  }
}

class NativeOpener implements OpenerCore {
  frames = 0;
  pendingLength = 0;
  readonly #native: AddonOpener;

  constructor(native: AddonOpener) {
    this.#native = native;
  }

  get counter(): bigint {
    return this.#native.counter();
  }

  open(segment: Buffer): Buffer {
    const before = this.pendingLength;
    // In place, unless the start of a frame is held: its plaintext could be longer than the segment that completes it.
    const output = before === 0 ? segment : Buffer.allocUnsafe(before + segment.length);
    const result = before === 0 ? this.#native.open(segment) : this.#native.open(segment, output);
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

  destroy(): void {
    this.pendingLength = 0;
    this.#native.destroy();
  }
}

class NativeEventHub implements EventHubCore {
  readonly #native: AddonHub;
  /** At least one place for each slot. */
  #signals = new Uint32Array(64);

  constructor(native: AddonHub) {
    this.#native = native;
  }

  get signals(): Uint32Array {
    return this.#signals;
  }

  add(): number {
    const slot = this.#native.add();
    if (slot >= this.#signals.length) {
      this.#signals = new Uint32Array(this.#signals.length * 2);
    }
    return slot;
  }

  remove(slot: number): void {
    this.#native.remove(slot);
  }

  subscribe(slot: number, aid: number, iid: number): boolean {
    return this.#native.subscribe(slot, aid, iid);
  }

  unsubscribe(slot: number, aid: number, iid: number): boolean {
    return this.#native.unsubscribe(slot, aid, iid);
  }

  isSubscribed(slot: number, aid: number, iid: number): boolean {
    return this.#native.isSubscribed(slot, aid, iid);
  }

  unsubscribeAll(slot: number): void {
    this.#native.unsubscribeAll(slot);
  }

  subscriptions(slot: number): Float64Array {
    return this.#native.subscriptions(slot);
  }

  broadcast(aid: number, iid: number, value: unknown, immediate: boolean, exceptSlot: number): number {
    const isJson = needsStringify(value);
    const written = isJson ? jsonOf(value) : value;
    const count =
      isJson || immediate || exceptSlot !== NO_SLOT
        ? this.#native.broadcast(aid, iid, written, flagsOf(isJson, immediate), exceptSlot)
        : this.#native.broadcast(aid, iid, written);
    if (count === undefined) {
      return 0;
    }
    this.#native.copySignals(this.#signals);
    return count;
  }

  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number {
    const isJson = needsStringify(value);
    const written = isJson ? jsonOf(value) : value;
    const signal = this.#native.send(slot, aid, iid, written, flagsOf(isJson, immediate));
    if (signal === 0) {
      return 0;
    }
    this.#signals[0] = slot * SIGNAL_STRIDE + signal;
    return 1;
  }

  take(slot: number, sealer: SealerCore | undefined, memory: Allocator = POOL): Buffer | undefined {
    const length = this.#native.prepare(slot);
    if (length === 0) {
      return undefined;
    }
    if (sealer === undefined) {
      const output = Buffer.allocUnsafe(length);
      this.#native.take(output);
      return output;
    }
    const own = ownSealer(sealer);
    const output = memory.allocate(sealedLength(length));
    const result = this.#native.take(output, own.native);
    if (result < 0) {
      throw errorOf(result);
    }
    own.frames += frameCount(length);
    return output;
  }

  endFlushes(): void {
    this.#native.releasePrepared();
  }

  counts(slot: number): QueueCounts {
    const [queued, duplicates, collapsed, unsubscribed, delivered, messages, pendingEvents, pendingBytes] =
      this.#native.counts(slot) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
    return { queued, duplicates, collapsed, unsubscribed, delivered, messages, pendingEvents, pendingBytes };
  }
}

/** @throws TypeError for a sealer of another engine: what it should seal must not go out in plaintext. */
function ownSealer(sealer: SealerCore): NativeSealer {
  if (!(sealer instanceof NativeSealer)) {
    throw new TypeError("the sealer belongs to another engine");
  }
  return sealer;
}

/** See native/binding/hub.h. */
function flagsOf(isJson: boolean, immediate: boolean): number {
  return (isJson ? 1 : 0) + (immediate ? 2 : 0);
}

/** Whether the addon leaves a value to `JSON.stringify`: what is no null, boolean, number, string or undefined. */
function needsStringify(value: unknown): boolean {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "string":
    case "undefined":
      return false;
    default:
      return value !== null;
  }
}

/**
 * What `JSON.stringify` writes for the value of a key; undefined where it leaves the key out. Made before the addon is
 * called: a `toJSON` may use the hub.
 */
function jsonOf(value: unknown): string | undefined {
  const prefix = '{"value":';
  const json = JSON.stringify({ value });
  return json.startsWith(prefix) ? json.slice(prefix.length, -1) : undefined;
}

/** The folder that has `prebuilds/` or `build/`. */
function addonRoot(): string {
  // node-gyp-build's variable, which it does not look at where a bundler has left no package.json. Empty is unset.
  const { HAPWIRE_PREBUILD: root = "" } = process.env;
  return root === "" ? path.join(__dirname, "..", "..") : root;
}

/**
 * Loads the addon: a prebuilt one, else the one built here.
 *
 * @throws Error where there is none for this platform, it does not load, or its OpenSSL has no ChaCha20-Poly1305.
 */
export function createNativeEngine(): Engine {
  const file = path.resolve(nodeGypBuild.resolve(addonRoot()));
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an addon is loaded by its path
  const addon = require(file) as Addon;
  if (typeof addon.aeadVersion !== "string") {
    // node-gyp-build goes by platform, not by name, and bundlers put the addons of several packages in one folder.
    throw new Error(`${file} is the addon of another package`);
  }
  // It loads also where OpenSSL has no such cipher, as in FIPS mode: this throws there, and not at the first controller.
  new addon.FrameSealer(new Uint8Array(KEY_LENGTH), 0n).destroy();
  return {
    name: "native",
    aead: addon.aeadVersion.split(" ", 2).join(" "),
    file,
    createSealer: (key, counter) => new NativeSealer(new addon.FrameSealer(key, counter)),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new NativeOpener(new addon.FrameOpener(key, counter, maxFrames)),
    createEventHub: (limits: QueueLimits) =>
      new NativeEventHub(new addon.EventHub(limits.maxEvents, limits.maxBytes)),
    messages: new NativeMessages(addon),
  };
}
