/**
 * HAP-NodeJS's ChaCha20-Poly1305 on hapwire's engine. It seals the messages of pairing and the frames of HomeKit Data
 * Stream, which carries the video of HomeKit Secure Video. Unknown arguments go to the original.
 */

import { types } from "node:util";

import type { MessageAead } from "../engine/contract";
import { KEY_LENGTH, TAG_LENGTH } from "../frame";

const NONCE_LENGTH = 12;
const NO_DATA = new Uint8Array(0);

/** The part of HAP-NodeJS's `hapCrypto` that is replaced. */
export interface MessageCrypto {
  /** Puts zeros in front of a nonce of less than 12 bytes. */
  chacha20_poly1305_encryptAndSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array | null,
    plaintext: Uint8Array,
  ): { ciphertext: Buffer; authTag: Buffer };
  /** @throws Error if the tag does not match. */
  chacha20_poly1305_decryptAndVerify(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array | null,
    ciphertext: Uint8Array,
    authTag: Uint8Array,
  ): Buffer;
}

/** @returns The functions that replace `hapCrypto`'s own. */
export function messageCryptoOn(aead: MessageAead, original: MessageCrypto): MessageCrypto {
  return {
    chacha20_poly1305_encryptAndSeal(key, nonce, aad, plaintext) {
      if (!isKnown(key, nonce, aad, plaintext)) {
        return original.chacha20_poly1305_encryptAndSeal(key, nonce, aad, plaintext);
      }
      const sealed = aead.seal(key, wholeNonce(nonce), aad ?? NO_DATA, plaintext);
      return {
        ciphertext: sealed.subarray(0, plaintext.length),
        authTag: sealed.subarray(plaintext.length),
      };
    },

    chacha20_poly1305_decryptAndVerify(key, nonce, aad, ciphertext, authTag) {
      const isOurs = isKnown(key, nonce, aad, ciphertext) && isBytes(authTag, TAG_LENGTH);
      const opened = isOurs
        ? aead.open(key, wholeNonce(nonce), aad ?? NO_DATA, ciphertext, authTag)
        : undefined;
      // If the tag is wrong, the original throws its own error.
      return opened ?? original.chacha20_poly1305_decryptAndVerify(key, nonce, aad, ciphertext, authTag);
    },
  };
}

function isKnown(key: unknown, nonce: unknown, aad: unknown, text: unknown): boolean {
  return (
    isBytes(key, KEY_LENGTH) &&
    types.isUint8Array(nonce) &&
    nonce.length <= NONCE_LENGTH &&
    (aad == null || types.isUint8Array(aad)) &&
    types.isUint8Array(text)
  );
}

function isBytes(value: unknown, length: number): boolean {
  return types.isUint8Array(value) && value.length === length;
}

function wholeNonce(nonce: Uint8Array): Uint8Array {
  if (nonce.length === NONCE_LENGTH) {
    return nonce;
  }
  const whole = new Uint8Array(NONCE_LENGTH);
  whole.set(nonce, NONCE_LENGTH - nonce.length);
  return whole;
}
