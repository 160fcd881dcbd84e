/** Reads bytes that lie in several pieces of memory as if they lay in one. */
export class ChunkReader {
  readonly #chunks: readonly Uint8Array[];
  /** The chunk that is read next, and how much of it was read. */
  #index = 0;
  #offset = 0;

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  /**
   * Fills `target` with the next bytes.
   *
   * @throws RangeError where there are not so many.
   */
  readInto(target: Uint8Array): void {
    for (let filled = 0; filled < target.length;) {
      const chunk = this.#chunks[this.#index];
      if (chunk === undefined) {
        throw new RangeError("the chunks end before the length given");
      }
      const piece = chunk.subarray(this.#offset, this.#offset + target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
      this.#advance(chunk, piece.length);
    }
  }

  #advance(chunk: Uint8Array, length: number): void {
    this.#offset += length;
    if (this.#offset === chunk.length) {
      this.#index += 1;
      this.#offset = 0;
    }
  }
}
