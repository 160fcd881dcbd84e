/** The native engine: the contract over the addon. Sizes are computed here, memory comes from Node's pool. */

import path from "node:path";

import nodeGypBuild from "node-gyp-build";

import { FrameError } from "../errors";
import { sealedLength } from "../frame";
import {
  ANY_NUMBER_OF_FRAMES,
  type Engine,
  type EventHubCore,
  type OpenerCore,
  type QueueCounts,
  type QueueLimits,
  type SealerCore,
} from "./contract";

/** What the addon exports. See native/binding. */
interface Addon {
  FrameSealer: new (key: Uint8Array, counter: bigint) => AddonSealer;
  FrameOpener: new (key: Uint8Array, counter: bigint, maxFrames: number) => AddonOpener;
  EventHub: new (maxEvents: number, maxBytes: number) => AddonHub;
  aeadVersion: string;
}

interface AddonSealer {
  seal(chunks: readonly Uint8Array[], output: Buffer): number;
  counter(): bigint;
  destroy(): void;
}

interface AddonOpener {
  open(segment: Buffer, output: Buffer): number;
  pendingLength(): number;
  counter(): bigint;
  destroy(): void;
}

interface AddonHub {
  add(): number;
  remove(slot: number): void;
  subscribe(slot: number, aid: number, iid: number): boolean;
  unsubscribe(slot: number, aid: number, iid: number): boolean;
  isSubscribed(slot: number, aid: number, iid: number): boolean;
  unsubscribeAll(slot: number): void;
  subscriptions(slot: number): Float64Array;
  broadcast(
    aid: number,
    iid: number,
    value: unknown,
    isJson: boolean,
    immediate: boolean,
    exceptSlot: number,
    signals: Uint32Array,
  ): number;
  send(
    slot: number,
    aid: number,
    iid: number,
    value: unknown,
    isJson: boolean,
    immediate: boolean,
    signals: Uint32Array,
  ): number;
  prepare(slot: number): number;
  take(output: Buffer, sealer: AddonSealer | undefined): number;
  releasePrepared(): void;
  hasPending(slot: number): boolean;
  hasImmediate(slot: number): boolean;
  counts(slot: number): Float64Array;
}

const NOTHING = Buffer.alloc(0);

/** The statuses of native/core/frame.h, as errors; a result below 0 is a status with its sign turned. */
function frameError(result: number): FrameError {
  switch (-result) {
    case 1:
      return new FrameError("ERR_HAPWIRE_FRAME_TOO_LONG", "the length field of a frame exceeds 1,024 bytes");
    case 2:
      return new FrameError(
        "ERR_HAPWIRE_FRAME_AUTHENTICATION",
        "a frame failed authentication: damaged, replayed, out of order or sealed under another key",
      );
    case 3:
      return new FrameError(
        "ERR_HAPWIRE_NONCE_EXHAUSTED",
        "the nonce counter would repeat: the session is over",
      );
    case 4:
      return new FrameError("ERR_HAPWIRE_CODEC_CLOSED", "the codec is closed: its key has been wiped");
    case 7:
      return new FrameError("ERR_HAPWIRE_FRAME_COUNT", "a segment completes more frames than it may");
    default:
      throw new Error(
        `the addon answered with status ${String(-result)}: a fault of hapwire's, please report it`,
      );
  }
}

class NativeSealer implements SealerCore {
  readonly native: AddonSealer;

  constructor(native: AddonSealer) {
    this.native = native;
  }

  get counter(): bigint {
    return this.native.counter();
  }

  seal(chunks: readonly Uint8Array[], length: number): Buffer {
    const output = Buffer.allocUnsafe(sealedLength(length));
    const result = this.native.seal(chunks, output);
    if (result < 0) {
      throw frameError(result);
    }
    return output;
  }

  destroy(): void {
    this.native.destroy();
  }
}

class NativeOpener implements OpenerCore {
  readonly #native: AddonOpener;

  constructor(native: AddonOpener) {
    this.#native = native;
  }

  get counter(): bigint {
    return this.#native.counter();
  }

  get pendingLength(): number {
    return this.#native.pendingLength();
  }

  open(segment: Buffer): Buffer {
    // In place, unless the start of a frame is held: its plaintext could be longer than the segment that completes it.
    const pending = this.#native.pendingLength();
    const output = pending === 0 ? segment : Buffer.allocUnsafe(pending + segment.length);
    const length = this.#native.open(segment, output);
    if (length < 0) {
      throw frameError(length);
    }
    return length === 0 ? NOTHING : output.subarray(0, length);
  }

  destroy(): void {
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
    return this.#native.broadcast(aid, iid, written, isJson, immediate, exceptSlot, this.#signals);
  }

  send(slot: number, aid: number, iid: number, value: unknown, immediate: boolean): number {
    const isJson = needsStringify(value);
    const written = isJson ? jsonOf(value) : value;
    return this.#native.send(slot, aid, iid, written, isJson, immediate, this.#signals);
  }

  take(slot: number, sealer: SealerCore | undefined): Buffer | undefined {
    const length = this.#native.prepare(slot);
    if (length === 0) {
      return undefined;
    }
    const output = Buffer.allocUnsafe(sealer === undefined ? length : sealedLength(length));
    const result = this.#native.take(output, sealer === undefined ? undefined : nativeOf(sealer));
    if (result < 0) {
      throw frameError(result);
    }
    return output;
  }

  endFlushes(): void {
    this.#native.releasePrepared();
  }

  hasPending(slot: number): boolean {
    return this.#native.hasPending(slot);
  }

  hasImmediate(slot: number): boolean {
    return this.#native.hasImmediate(slot);
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
function nativeOf(sealer: SealerCore): AddonSealer {
  if (!(sealer instanceof NativeSealer)) {
    throw new TypeError("the sealer belongs to another engine");
  }
  return sealer.native;
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

/** What `JSON.stringify` writes for the value of a key; undefined where it leaves the key out. */
function jsonOf(value: unknown): string | undefined {
  const prefix = '{"value":';
  const json = JSON.stringify({ value });
  return json.startsWith(prefix) ? json.slice(prefix.length, -1) : undefined;
}

/**
 * Loads the addon: a prebuilt one, else the one built here.
 *
 * @throws Error where there is none for this platform, or it does not load.
 */
export function createNativeEngine(): Engine {
  const root = path.join(__dirname, "..", "..");
  const file = nodeGypBuild.resolve(root);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an addon is loaded by its path
  const addon = require(file) as Addon;
  return {
    name: "native",
    aead: addon.aeadVersion.split(" ", 2).join(" "),
    file,
    createSealer: (key, counter) => new NativeSealer(new addon.FrameSealer(key, counter)),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new NativeOpener(new addon.FrameOpener(key, counter, maxFrames)),
    createEventHub: (limits: QueueLimits) =>
      new NativeEventHub(new addon.EventHub(limits.maxEvents, limits.maxBytes)),
  };
}
