/** Plaintext in, frames out. */

import {
  FRAME_OVERHEAD,
  LENGTH_FIELD_LENGTH,
  MAX_FRAME_PLAINTEXT,
  frameCount,
  sealedLength,
} from "../../frame";
import { POOL, type Allocator, type SealerCore } from "../contract";
import type { Aead } from "./aead";
import { ChunkReader } from "./chunk-reader";
import { NonceCounter } from "./nonce-counter";
import { SessionKey } from "./session-key";

/** See {@link SealerCore}. Any failure closes it: the peer could not follow a stream with a gap. */
export class PortableSealer implements SealerCore {
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
    try {
      return this.#sealAll(new ChunkReader(chunks), length, this.#key.bytes, memory);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  destroy(): void {
    this.#key.wipe();
  }

  #sealAll(plaintext: ChunkReader, length: number, key: Buffer, memory: Allocator): Buffer {
    const count = frameCount(length);
    this.#nonces.require(count);
    const sealed = memory.allocate(sealedLength(length));
    let left = length;
    for (let at = 0; at < sealed.length;) {
      const size = Math.min(left, MAX_FRAME_PLAINTEXT);
      const frame = sealed.subarray(at, at + size + FRAME_OVERHEAD);
      frame.writeUInt16LE(size);
      plaintext.readInto(frame.subarray(LENGTH_FIELD_LENGTH, LENGTH_FIELD_LENGTH + size));
      this.#aead.seal(frame, this.#nonces.next(), key);
      left -= size;
      at += frame.length;
    }
    this.frames += count;
    return sealed;
  }
}
