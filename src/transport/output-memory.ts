/** Memory for what is sealed, used again once the kernel has taken what was in it. */

/** Below this Node's pool serves as well, in bytes. */
const SMALLEST = 4 * 1024;
/** What is larger is rare, and not worth keeping, in bytes. */
const LARGEST = 256 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * One piece of memory for all connections of a server: each seals a message and writes it at once, and most often the
 * kernel takes all of it in that call. New memory for each would cost its page faults, a fifth of the cipher's time.
 */
export class OutputMemory {
  #idle: Buffer = NOTHING;
  #lent: Buffer | undefined;

  /** @returns memory of just that length, with anything in it. */
  allocate(length: number): Buffer {
    if (length < SMALLEST || length > LARGEST) {
      return Buffer.allocUnsafe(length);
    }
    const memory = this.#idle.length >= length ? this.#idle : Buffer.allocUnsafeSlow(length);
    this.#idle = NOTHING;
    this.#lent = memory;
    return memory.subarray(0, length);
  }

  /** Gives back what was allocated last: nobody reads or writes it any more. What is not given back is its holder's. */
  free(bytes: Uint8Array): void {
    if (this.#lent?.buffer === bytes.buffer) {
      this.#idle = this.#lent;
      this.#lent = undefined;
    }
  }
}
