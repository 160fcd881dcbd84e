/** The sizes of a HAP frame. [PROTOCOL: the secured session] */

/** Bytes of a session key. */
export const KEY_LENGTH = 32;
/** Bytes of the length field, which is also the AAD. */
export const LENGTH_FIELD_LENGTH = 2;
/** The longest plaintext of one frame, in bytes. */
export const MAX_FRAME_PLAINTEXT = 1024;
/** Bytes of the Poly1305 tag. */
export const TAG_LENGTH = 16;
/** What a frame adds to its plaintext, in bytes. */
export const FRAME_OVERHEAD = LENGTH_FIELD_LENGTH + TAG_LENGTH;

/** @returns How many frames a message of so many bytes is cut into. */
export function frameCount(length: number): number {
  return Math.ceil(length / MAX_FRAME_PLAINTEXT);
}

/** @returns How many bytes a message of so many bytes has when sealed. */
export function sealedLength(length: number): number {
  return length + frameCount(length) * FRAME_OVERHEAD;
}
