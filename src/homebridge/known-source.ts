/** Recognises a function of HAP-NodeJS by its source: a release of the future may have another function of that name. */

import { createHash } from "node:crypto";

/**
 * True if the function has a source that hapwire was tested with.
 *
 * @param digests - The digests of these sources: the first 16 hex digits of SHA-256, without white space.
 */
export function isKnownSource(
  call: unknown,
  digests: readonly string[],
): call is (this: unknown, ...args: unknown[]) => unknown {
  return typeof call === "function" && digests.includes(digestOf(call));
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- any function has a source
function digestOf(call: Function): string {
  const source = Function.prototype.toString.call(call).replace(/\s/g, "");
  return createHash("sha256").update(source).digest("hex").slice(0, 16);
}
