/** The nonces of one direction of a session: 4 zero bytes and a 64-bit little-endian counter. [PROTOCOL: the secured session] */

import { frameError } from "../frame-error";

const NONCE_LENGTH = 12;
const LOW_WORD_OFFSET = 4;
const HIGH_WORD_OFFSET = 8;
const WORD_RANGE = 2 ** 32;

/** The nonce given out last, by whichever counter: whoever asked for it has used it before anybody else asks. */
const nonce = Buffer.alloc(NONCE_LENGTH);

/**
 * Gives out each nonce once, and the one of 2^64-1 as its last.
 *
 * The counter is kept as two 32-bit words, because a bigint would be allocated anew for each frame.
 */
export class NonceCounter {
  /** 0 to 2^32-1. */
  #low: number;
  /** 0 to 2^32-1; 2^32 when all nonces are used up. */
  #high: number;

  constructor(first: bigint) {
    this.#low = Number(first % BigInt(WORD_RANGE));
    this.#high = Number(first / BigInt(WORD_RANGE));
  }

  /** The counter of the next nonce; 2^64 when there is none left. */
  get value(): bigint {
    return BigInt(this.#high) * BigInt(WORD_RANGE) + BigInt(this.#low);
  }

  /** @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED` where fewer than `count` nonces are left. */
  require(count: number): void {
    // Rounded where it is above 2^53, which no count reaches; exact below.
    const left = (WORD_RANGE - this.#high) * WORD_RANGE - this.#low;
    if (count > left) {
      throw frameError("ERR_HAPWIRE_NONCE_EXHAUSTED");
    }
  }

  /**
   * Moves on, and only then gives out the nonce it stood at: whatever fails after, it is never given out again.
   *
   * @returns The nonce, in memory that the next call writes to, of any counter.
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
