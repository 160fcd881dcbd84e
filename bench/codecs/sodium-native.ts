/** sodium-native with the least code that HAP's frames need. */

import { loadSodium } from "../harness/peers";
import { loopOver, type CodecLoop } from "./contract";

const MAX_PLAINTEXT = 1024;
const LENGTH_FIELD = 2;
const TAG = 16;
const OVERHEAD = LENGTH_FIELD + TAG;
const NONCE = 12;
/** The offset of the counter in the nonce. */
const COUNTER = 4;

export function createLoop(key: Buffer, message: Buffer): CodecLoop {
  const sodium = loadSodium();
  return loopOver(() => {
    const sealNonce = sodiumNonce();
    const openNonce = sodiumNonce();
    return {
      seal(plaintext) {
        const frames = Buffer.allocUnsafe(
          plaintext.length + Math.ceil(plaintext.length / MAX_PLAINTEXT) * OVERHEAD,
        );
        for (let from = 0, at = 0; from < plaintext.length; from += MAX_PLAINTEXT) {
          const text = plaintext.subarray(from, from + MAX_PLAINTEXT);
          const end = at + text.length + OVERHEAD;
          frames.writeUInt16LE(text.length, at);
          const aad = frames.subarray(at, at + LENGTH_FIELD);
          const box = frames.subarray(at + LENGTH_FIELD, end);
          sodium.crypto_aead_chacha20poly1305_ietf_encrypt(box, text, aad, null, sealNonce.next(), key);
          at = end;
        }
        return frames;
      },
      open(frames) {
        const opened = Buffer.allocUnsafe(frames.length);
        let length = 0;
        for (let at = 0; at < frames.length;) {
          const size = frames.readUInt16LE(at);
          const aad = frames.subarray(at, at + LENGTH_FIELD);
          const box = frames.subarray(at + LENGTH_FIELD, at + size + OVERHEAD);
          const text = opened.subarray(length, length + size);
          sodium.crypto_aead_chacha20poly1305_ietf_decrypt(text, null, box, aad, openNonce.next(), key);
          length += size;
          at += size + OVERHEAD;
        }
        return opened.subarray(0, length);
      },
    };
  }, message);
}

function sodiumNonce(): { next(): Buffer } {
  const nonce = Buffer.alloc(NONCE);
  let counter = 0;
  return {
    next() {
      nonce.writeUInt32LE(counter, COUNTER);
      counter += 1;
      return nonce;
    },
  };
}
