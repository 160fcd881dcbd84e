/** The nonces of a session: 4 zero bytes and a 64-bit little-endian counter. [PROTOCOL: the secured session] */

import { frameError } from "../frame-error";

const NONCE_LENGTH = 12;
const LOW_WORD_OFFSET = 4;
const HIGH_WORD_OFFSET = 8;
const WORD_RANGE = 2 ** 32;

/** The nonce given out last, by any counter: the cipher uses a nonce before the next one is given out. */
const nonce = Buffer.alloc(NONCE_LENGTH);

/** Gives out each nonce once; 2^64-1 is the last. Two 32-bit words count, because a bigint takes memory for each frame. */
export class NonceCounter {
  /** 0 to 2^32-1. */
  #low: number;
  /** 0 to 2^32-1; 2^32 when all nonces are used up. */
  #high: number;

  constructor(first: bigint) {
    this.#low = Number(first % BigInt(WORD_RANGE));
    this.#high = Number(first / BigInt(WORD_RANGE));
  }

  /** The counter of the next nonce; 2^64 if no nonce is left. */
  get value(): bigint {
    return BigInt(this.#high) * BigInt(WORD_RANGE) + BigInt(this.#low);
  }

  /** @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED` if fewer than `count` nonces are left. */
  require(count: number): void {
    // Exact up to 2^53, which no count reaches, and rounded above.
    const left = (WORD_RANGE - this.#high) * WORD_RANGE - this.#low;
    if (count > left) {
      throw frameError("ERR_HAPWIRE_NONCE_EXHAUSTED");
    }
  }

  /**
   * Moves on before the cipher runs, so that no failure makes a nonce repeat.
   *
   * @returns The nonce, in memory that the next call to any counter overwrites.
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED`.
   */
  next(): Buffer {
    this.require(1);
    nonce.writeUInt32LE(this.#low, LOW_WORD_OFFSET);
    nonce.writeUInt32LE(this.#high, HIGH_WORD_OFFSET);
    this.#low += 1;
    if (this.#low === WORD_RANGE) {
      this.#low = 0;
      this.#high += 1;
    }
    return nonce;
  }
}
