/** Copies chunks into one piece of memory. */

/** Reads the true length of a typed array: a subclass may override `length`. */
const { get: ownLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "length",
) as { get: (this: Uint8Array) => number };

/** @throws TypeError if the chunks do not fill the memory exactly: unwritten memory must not go out. */
export function gather(chunks: readonly Uint8Array[], target: Uint8Array): void {
  let end = 0;
  for (const chunk of chunks) {
    const start = end;
    end += ownLength.call(chunk);
    if (end > target.length) {
      break;
    }
    // A chunk whose memory was taken away is empty. Reading it would throw.
    if (end > start) {
      target.set(chunk, start);
    }
  }
  if (end !== target.length) {
    throw new TypeError("the chunks are not as long as they say");
  }
}
