/** Memory for sealed messages, used again when the kernel has taken the message. */

/** Bytes. Below this, Node's pool serves as well. */
const SMALLEST = 4 * 1024;
/** Bytes. Larger messages are rare. */
const LARGEST = 256 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * One piece of memory for all connections of a server: mostly the kernel takes a message in the call that writes it. New
 * memory for each message would cost page faults, a fifth of the cipher's time.
 */
export class OutputMemory {
  #idle: Buffer = NOTHING;
  #lent: Buffer | undefined;

  /** @returns Memory of exactly this length, not initialised. */
  allocate(length: number): Buffer {
    if (length < SMALLEST || length > LARGEST) {
      return Buffer.allocUnsafe(length);
    }
    const memory = this.#idle.length >= length ? this.#idle : Buffer.allocUnsafeSlow(length);
    this.#idle = NOTHING;
    this.#lent = memory;
    return memory.subarray(0, length);
  }

  /** Takes back the memory that was allocated last. Other memory belongs to its holder. */
  free(bytes: Uint8Array): void {
    if (this.#lent?.buffer === bytes.buffer) {
      this.#idle = this.#lent;
      this.#lent = undefined;
    }
  }
}
