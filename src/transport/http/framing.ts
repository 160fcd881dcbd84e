/** The methods, fields and lines that decide the end of a request, read strictly. [RFC 9112 §6, §7] */

/** Methods after which the bytes of another protocol come. */
export const OTHER_PROTOCOLS = new Set(["CONNECT", "PRI"]);
export const CONTENT_LENGTH = "content-length";
export const TRANSFER_ENCODING = "transfer-encoding";
/** Node's parser heeds these in trailers too. */
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
