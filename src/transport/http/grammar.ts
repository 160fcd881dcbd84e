/** The grammar of requests: less than HTTP/1.1 allows, and nothing that two parsers could read differently. */

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

/** After these methods, bytes of another protocol come. */
export const OTHER_PROTOCOLS = new Set(["CONNECT", "PRI"]);
export const CONTENT_LENGTH = "content-length";
export const TRANSFER_ENCODING = "transfer-encoding";
/** Node's parser reads these in trailers too. */
export const NO_TRAILERS = new Set([
  CONTENT_LENGTH,
  TRANSFER_ENCODING,
  "connection",
  "proxy-connection",
  "upgrade",
]);
/** At most as many digits as a 64-bit number has, so that Node's parser never overflows. */
export const LENGTH_VALUE = /^[\t ]*(\d{1,20})[\t ]*$/;
export const ENCODING_VALUE = /^[\t ]*chunked[\t ]*$/i;
export const CHUNK_LINE = /^([0-9a-f]{1,16})(?:;[!#$%&'*+\-.^_`|~0-9a-z]+(?:=[!#$%&'*+\-.^_`|~0-9a-z]+)?)*$/i;

/** @returns The offset of the first byte that is not of a kind, or `end`. */
export function skip(bytes: Buffer, offset: number, end: number, kind: number): number {
  let next = offset;
  while (next < end && ((KINDS[bytes[next] ?? 0] ?? 0) & kind) !== 0) {
    next += 1;
  }
  return next;
}
