/** Plaintext in, frames out. */

import { FrameError } from "../../errors";
import {
  FRAME_OVERHEAD,
  LENGTH_FIELD_LENGTH,
  MAX_FRAME_PLAINTEXT,
  frameCount,
  sealedLength,
} from "../../frame";
import { POOL, type Allocator, type FrameSealer } from "../contract";
import { frameError } from "../frame-error";
import { gather } from "../gather";
import type { Aead } from "./aead";
import { NonceCounter } from "./nonce-counter";
import { SessionKey } from "./session-key";

/** A failure of the cipher closes the sealer: the peer could not follow a stream with a gap. */
export class PortableSealer implements FrameSealer {
  frames = 0;
  readonly #aead: Aead;
  readonly #key: SessionKey;
  readonly #nonces: NonceCounter;

  constructor(aead: Aead, key: Uint8Array, counter: bigint) {
    this.#aead = aead;
    this.#key = new SessionKey(key);
    this.#nonces = new NonceCounter(counter);
  }

  get counter(): bigint {
    return this.#nonces.value;
  }

  seal(chunks: readonly Uint8Array[], length: number, memory: Allocator = POOL): Buffer {
    const sealed = memory.allocate(sealedLength(length));
    // The plaintext goes to the end. Each frame's part moves to the front, and never onto bytes that have yet to move.
    gather(chunks, sealed.subarray(sealed.length - length));
    try {
      this.#sealInPlace(sealed, length, this.#key.bytes);
    } catch (error) {
      this.destroy();
      throw error instanceof FrameError ? error : frameError("ERR_HAPWIRE_CIPHER", { cause: error });
    }
    return sealed;
  }

  destroy(): void {
    this.#key.wipe();
  }

  /** @param sealed - Room for the frames; its last `length` bytes are the plaintext. */
  #sealInPlace(sealed: Buffer, length: number, key: Buffer): void {
    const count = frameCount(length);
    this.#nonces.require(count);
    let left = length;
    for (let at = 0; at < sealed.length;) {
      const size = Math.min(left, MAX_FRAME_PLAINTEXT);
      const start = sealed.length - left;
      sealed.copyWithin(at + LENGTH_FIELD_LENGTH, start, start + size);
      const frame = sealed.subarray(at, at + size + FRAME_OVERHEAD);
      frame.writeUInt16LE(size);
      this.#aead.seal(frame, this.#nonces.next(), key);
      left -= size;
      at += frame.length;
    }
    this.frames += count;
  }
}
