/** The sizes of a HAP frame. [PROTOCOL: the secured session] */

/** Bytes of each key: of a session, of X25519 and of Ed25519. */
export const KEY_LENGTH = 32;
/** Bytes of the length field, which is also the AAD. */
export const LENGTH_FIELD_LENGTH = 2;
/** The longest plaintext of one frame, in bytes. */
export const MAX_FRAME_PLAINTEXT = 1024;
/** Bytes of the Poly1305 tag. */
export const TAG_LENGTH = 16;
/** Bytes that a frame adds to its plaintext. */
export const FRAME_OVERHEAD = LENGTH_FIELD_LENGTH + TAG_LENGTH;

/** @returns The number of frames of a message of this many bytes. */
export function frameCount(length: number): number {
  return Math.ceil(length / MAX_FRAME_PLAINTEXT);
}

/** @returns The bytes of a message of this many bytes when it is sealed. */
export function sealedLength(length: number): number {
  return length + frameCount(length) * FRAME_OVERHEAD;
}
