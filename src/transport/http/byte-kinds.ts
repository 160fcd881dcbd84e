/** The bytes that HTTP/1.1 allows in each part of a head. [RFC 9110 §5.6.2, RFC 9112 §3 and §5] */

/** In methods and in the names of header fields. */
export const TOKEN = 1;
/** In the target of a request: visible ASCII. */
export const TARGET = 2;
/** In the values of header fields: no control character but the tab. */
export const TEXT = 4;

const HT = 0x09;
const SP = 0x20;
const DEL = 0x7f;

const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte));
  const isText = byte === HT || (byte >= SP && byte !== DEL);
  return (isToken ? TOKEN : 0) | (byte > SP && byte < DEL ? TARGET : 0) | (isText ? TEXT : 0);
});

export function isOf(bytes: Buffer, offset: number, kind: number): boolean {
  return ((KINDS[bytes[offset] ?? 0] ?? 0) & kind) !== 0;
}

/** @returns the offset of the first byte that is not of a kind, or `end`. */
export function skip(bytes: Buffer, offset: number, end: number, kind: number): number {
  let next = offset;
  while (next < end && isOf(bytes, next, kind)) {
    next += 1;
  }
  return next;
}
