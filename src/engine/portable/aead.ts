/** ChaCha20-Poly1305 over one HAP frame, by `sodium-native` or by `node:crypto`. [RFC 8439 §2.8] */

import { createCipheriv, createDecipheriv, getCiphers } from "node:crypto";
import { createRequire } from "node:module";
import { EngineError } from "../../errors";
import { LENGTH_FIELD_LENGTH, TAG_LENGTH } from "../../frame";

/** The AEAD of a frame: its length field is the AAD, its last bytes are the tag. [PROTOCOL: the secured session] */
export interface Aead {
  /** The library, with its version. */
  readonly version: string;

  /** Encrypts in place. `frame` holds the length field, the plaintext and room for the tag. */
  seal(frame: Buffer, nonce: Buffer, key: Buffer): void;

  /** Decrypts into `plaintext`, which has the frame's length. @returns False, and writes nothing, if authentication fails. */
  open(frame: Buffer, nonce: Buffer, key: Buffer, plaintext: Buffer): boolean;
}

/** The part of `sodium-native` that is used. The package has no types of its own. Both functions throw on failure. */
export interface SodiumNative {
  crypto_aead_chacha20poly1305_ietf_encrypt(
    ciphertext: Buffer,
    message: Buffer,
    additionalData: Buffer,
    secretNonce: null,
    nonce: Buffer,
    key: Buffer,
  ): number;
  crypto_aead_chacha20poly1305_ietf_decrypt(
    message: Buffer,
    secretNonce: null,
    ciphertext: Buffer,
    additionalData: Buffer,
    nonce: Buffer,
    key: Buffer,
  ): number;
}

const NODE_ALGORITHM = "chacha20-poly1305";

/**
 * @param sodium - True demands `sodium-native`, false demands `node:crypto`. By default `sodium-native` comes first.
 * @throws {@link EngineError} if `sodium-native` is demanded and cannot be loaded, or if `node:crypto` takes its place and
 *   has no ChaCha20-Poly1305, as in Bun.
 */
export function chooseAead(sodium: boolean | undefined): Aead {
  if (sodium === false) {
    return createNodeAead();
  }
  try {
    return loadSodiumAead();
  } catch (cause) {
    if (sodium === true) {
      throw new EngineError("sodium-native cannot be loaded", { cause });
    }
    return createNodeAead(cause);
  }
}

function loadSodiumAead(): Aead {
  // An optional peer: most boards do not have it.
  const load = createRequire(__filename);
  const sodium = load("sodium-native") as SodiumNative;
  const { version } = load("sodium-native/package.json") as { version: string };
  return {
    version: `sodium-native ${version}`,

    seal(frame, nonce, key) {
      const { aad, text, box } = partsOf(frame);
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(box, text, aad, null, nonce, key);
    },

    open(frame, nonce, key, plaintext) {
      const { aad, box } = partsOf(frame);
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plaintext, null, box, aad, nonce, key);
        return true;
      } catch {
        return false;
      }
    },
  };
}

export function nodeHasAead(): boolean {
  return getCiphers().includes(NODE_ALGORITHM);
}

/** @param cause - Why `sodium-native` cannot be loaded. */
function createNodeAead(cause?: unknown): Aead {
  if (!nodeHasAead()) {
    throw new EngineError(
      "this runtime's node:crypto has no ChaCha20-Poly1305, and sodium-native is not loaded: npm install sodium-native",
      { cause },
    );
  }
  const options = { authTagLength: TAG_LENGTH };
  return {
    version: nodeCryptoVersion(),

    seal(frame, nonce, key) {
      const { aad, text, tag } = partsOf(frame);
      const cipher = createCipheriv(NODE_ALGORITHM, key, nonce, options);
      cipher.setAAD(aad, { plaintextLength: text.length });
      cipher.update(text).copy(text);
      cipher.final();
      cipher.getAuthTag().copy(tag);
    },

    open(frame, nonce, key, plaintext) {
      const { aad, text, tag } = partsOf(frame);
      const decipher = createDecipheriv(NODE_ALGORITHM, key, nonce, options);
      decipher.setAAD(aad, { plaintextLength: text.length });
      decipher.setAuthTag(tag);
      const opened = decipher.update(text);
      try {
        decipher.final();
      } catch {
        return false;
      }
      opened.copy(plaintext);
      return true;
    },
  };
}

/** Deno names a version of OpenSSL but has its own cryptography. */
function nodeCryptoVersion(): string {
  const { deno, openssl } = process.versions;
  return `node:crypto (${deno === undefined ? `OpenSSL ${openssl}` : `Deno ${deno}`})`;
}

/** Views of the parts of a frame. `box` is the text with its tag. */
function partsOf(frame: Buffer): Record<"aad" | "text" | "tag" | "box", Buffer> {
  const textEnd = frame.length - TAG_LENGTH;
  return {
    aad: frame.subarray(0, LENGTH_FIELD_LENGTH),
    text: frame.subarray(LENGTH_FIELD_LENGTH, textEnd),
    tag: frame.subarray(textEnd),
    box: frame.subarray(LENGTH_FIELD_LENGTH),
  };
}
