/** TLV8: the items that a pairing message consists of. A value over 255 bytes is cut into fragments. */

import { Type } from "./protocol";

/** The values of a message, by their types. */
export type TlvItems = ReadonlyMap<number, Buffer>;

const MAX_FRAGMENT = 255;
const KNOWN: ReadonlySet<number> = new Set(Object.values(Type));

/** Writes items in their order. Takes bytes, or a number for a value of one byte. */
export function encodeTlv(items: readonly (readonly [type: number, value: Uint8Array | number])[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [type, value] of items) {
    const bytes = typeof value === "number" ? Buffer.of(value) : value;
    let start = 0;
    do {
      const fragment = bytes.subarray(start, start + MAX_FRAGMENT);
      parts.push(Buffer.of(type, fragment.length), fragment);
      start += fragment.length;
    } while (start < bytes.length);
  }
  return Buffer.concat(parts);
}

/**
 * Reads the items of a request. Items of unknown types are ignored, and separators are, because no request is a list.
 *
 * @returns Undefined if the message ends inside an item, or if a known item stands there twice: readers could differ about
 *   which of the two counts.
 */
export function decodeTlv(message: Buffer): TlvItems | undefined {
  const fragments = new Map<number, Buffer[]>();
  let unfinished: number | undefined;
  for (let at = 0; at < message.length;) {
    const [type, length] = [message[at], message[at + 1]];
    if (type === undefined || length === undefined || at + 2 + length > message.length) {
      return undefined;
    }
    const fragment = message.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    if (KNOWN.has(type) && type !== Type.Separator) {
      const earlier = fragments.get(type);
      if (earlier === undefined) {
        fragments.set(type, [fragment]);
      } else if (type === unfinished) {
        earlier.push(fragment);
      } else {
        return undefined;
      }
    }
    // Only a full fragment can have another one behind it.
    unfinished = length === MAX_FRAGMENT ? type : undefined;
  }
  return new Map([...fragments].map(([type, parts]) => [type, joined(parts)]));
}

/** The value of an item of one byte. Undefined if the item is missing or longer. */
export function byteOf(items: TlvItems, type: number): number | undefined {
  const value = items.get(type);
  return value?.length === 1 ? value[0] : undefined;
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}
