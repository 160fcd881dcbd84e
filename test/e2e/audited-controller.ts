/** A controller whose frames are sealed and opened by node:crypto, and counted: no codec of hapwire vouches for another. */

import { createDecipheriv } from "node:crypto";

import type { Codec } from "#bench/harness/controller-connection";
import type { SessionKeys } from "hapwire";

import { Controller } from "../support/controller";
import { modelFrames } from "../support/model";

const LENGTH_SIZE = 2;
const TAG_SIZE = 16;
const MAX_PLAINTEXT = 1024;

class IndependentCodec implements Codec {
  sealed = 0;
  opened = 0;
  /** The beginning of a frame that is not whole. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly keys: SessionKeys) {}

  seal(plaintext: Buffer): Buffer {
    const frames = modelFrames(this.keys.controllerToAccessoryKey, BigInt(this.sealed), plaintext);
    this.sealed += frames.length;
    return Buffer.concat(frames);
  }

  open(segment: Buffer): Buffer {
    const plaintext: Buffer[] = [];
    this.#rest = Buffer.concat([this.#rest, segment]);
    for (let size = this.#frameSize(); size <= this.#rest.length; size = this.#frameSize()) {
      plaintext.push(this.#openFrame(this.#rest.subarray(0, size)));
      this.#rest = this.#rest.subarray(size);
    }
    return Buffer.concat(plaintext);
  }

  /** @returns The size of the frame that comes next, Infinity if its length is not known. */
  #frameSize(): number {
    const length = this.#rest.length < LENGTH_SIZE ? Infinity : this.#rest.readUInt16LE();
    if (length > MAX_PLAINTEXT && length !== Infinity) {
      throw new Error(`frame ${String(this.opened)} of the bridge holds ${String(length)} bytes`);
    }
    return LENGTH_SIZE + length + TAG_SIZE;
  }

  #openFrame(frame: Buffer): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64LE(BigInt(this.opened), 4);
    const key = this.keys.accessoryToControllerKey;
    const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_SIZE });
    const ciphertext = frame.subarray(LENGTH_SIZE, -TAG_SIZE);
    decipher.setAAD(frame.subarray(0, LENGTH_SIZE), { plaintextLength: ciphertext.length });
    decipher.setAuthTag(frame.subarray(-TAG_SIZE));
    this.opened += 1;
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }
}

/** The traffic of a connection, in the words of its statistics. */
export interface Traffic {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly eventsDelivered: number;
  readonly eventMessages: number;
}

export class AuditedController extends Controller {
  #requests = 0;
  #independent: IndependentCodec | undefined;
  #whenInside: (() => void) | undefined;

  /** The controller's own counts. */
  get traffic(): Traffic {
    return {
      requests: this.#requests,
      bytesIn: this.socket.bytesWritten,
      bytesOut: this.socket.bytesRead,
      framesIn: this.#independent?.sealed ?? 0,
      framesOut: this.#independent?.opened ?? 0,
      eventsDelivered: this.events.length,
      eventMessages: this.eventMessages.length,
    };
  }

  override secure(keys: SessionKeys): void {
    this.codec = this.#independent = new IndependentCodec(keys);
  }

  override request(...args: Parameters<Controller["request"]>): Buffer {
    this.#requests += 1;
    return super.request(...args);
  }

  /** Stops reading when a part of the next message has come. Resolves then. */
  async stopInsideMessage(): Promise<void> {
    await new Promise<void>((resolve) => (this.#whenInside = resolve));
  }

  protected override takeSegment(segment: Buffer): void {
    super.takeSegment(segment);
    if (this.#whenInside !== undefined && this.unfinished.length > 0) {
      this.socket.pause();
      this.#whenInside();
      this.#whenInside = undefined;
    }
  }
}
