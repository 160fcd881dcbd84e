/** A piece of a response on its way out, in slices that the socket takes one by one. */

export type WriteCallback = (error?: Error | null) => void;

/** A part of a transfer, without a copy. */
export interface Slice {
  readonly chunks: readonly Uint8Array[];
  /** The sum of the chunks' lengths, in bytes. */
  readonly length: number;
}

export class Transfer {
  /** Called when the socket has taken all slices, or with the error that ended the connection. */
  readonly callback: WriteCallback;
  readonly #chunks: readonly Uint8Array[];
  readonly #length: number;
  /** The next chunk, and the next byte in it. */
  #index = 0;
  #offset = 0;

  /** @param length - The sum of the chunks' lengths, in bytes. */
  constructor(chunks: readonly Uint8Array[], length: number, callback: WriteCallback) {
    this.#chunks = chunks;
    this.#length = length;
    this.callback = callback;
  }

  /** True if all slices were taken. */
  get isTaken(): boolean {
    return this.#index >= this.#chunks.length;
  }

  /** Takes the next slice, of at most this many bytes. */
  take(sliceLength: number): Slice {
    if (this.#length <= sliceLength) {
      this.#index = this.#chunks.length;
      return { chunks: this.#chunks, length: this.#length };
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (
      let chunk = this.#chunks[this.#index];
      chunk !== undefined && length < sliceLength;
      chunk = this.#chunks[this.#index]
    ) {
      const end = Math.min(chunk.length, this.#offset + sliceLength - length);
      const isWhole = this.#offset === 0 && end === chunk.length;
      chunks.push(isWhole ? chunk : chunk.subarray(this.#offset, end));
      length += end - this.#offset;
      this.#offset = end;
      if (end === chunk.length) {
        this.#index += 1;
        this.#offset = 0;
      }
    }
    return { chunks, length };
  }
}
