/** Pairing identifiers of controllers: text that the controller has chosen. */

/** HomeKit's have 36 characters. */
const MAX_LENGTH = 255;

/** @returns Undefined if the bytes are missing, too many, or not UTF-8: two identifiers must not become one string. */
export function identifierOf(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0 || bytes.length > MAX_LENGTH) {
    return undefined;
  }
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
}
