/** Chunks in one piece of memory. */

/** Of any typed array its own length: what a subclass says of it, or a property of that name, may be made up. */
const { get: ownLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "length",
) as { get: (this: Uint8Array) => number };

/**
 * Writes chunks to memory that is as long as they say that they are.
 *
 * @throws TypeError where they are not: what is not written must not go out, it is memory as it was found.
 */
export function gather(chunks: readonly Uint8Array[], target: Uint8Array): void {
  let end = 0;
  for (const chunk of chunks) {
    const start = end;
    end += ownLength.call(chunk);
    if (end > target.length) {
      break;
    }
    // One whose memory was taken away is empty, and must not be read at all.
    if (end > start) {
      target.set(chunk, start);
    }
  }
  if (end !== target.length) {
    throw new TypeError("the chunks are not as long as they say");
  }
}
