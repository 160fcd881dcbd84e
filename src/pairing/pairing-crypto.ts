/** The cryptography of pairing, on `node:crypto`: Ed25519, X25519, HKDF-SHA-512 and ChaCha20-Poly1305. */

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";

import { KEY_LENGTH, TAG_LENGTH } from "../frame";

type Curve = "ed25519" | "x25519";

const NONCE_LENGTH = 12;

/** The bytes before a key of 32 bytes in DER. [RFC 8410 §4, §7] */
const PKCS8_PREFIX: Readonly<Record<Curve, Buffer>> = {
  ed25519: Buffer.from("302e020100300506032b657004220420", "hex"),
  x25519: Buffer.from("302e020100300506032b656e04220420", "hex"),
};
const SPKI_PREFIX: Readonly<Record<Curve, Buffer>> = {
  ed25519: Buffer.from("302a300506032b6570032100", "hex"),
  x25519: Buffer.from("302a300506032b656e032100", "hex"),
};

/** Derives a key of 32 bytes. HAP names the salt and the info of each. */
export function deriveKey(secret: Uint8Array, salt: string, info: string): Buffer {
  return Buffer.from(hkdfSync("sha512", secret, salt, info, KEY_LENGTH));
}

/**
 * @param name - The nonce: `PS-Msg05` and the like. Zeros stand before it.
 * @returns The ciphertext with its tag behind it.
 */
export function sealMessage(key: Uint8Array, name: string, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonceOf(name), { authTagLength: TAG_LENGTH });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @returns Undefined if the message is not authentic. */
export function openMessage(key: Uint8Array, name: string, sealed: Uint8Array): Buffer | undefined {
  const end = sealed.length - TAG_LENGTH;
  if (end < 0) {
    return undefined;
  }
  const decipher = createDecipheriv("chacha20-poly1305", key, nonceOf(name), { authTagLength: TAG_LENGTH });
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}

/** A key that signs: the long-term secret of an accessory. */
export class SigningKey {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  readonly #key: KeyObject;

  /** @param seed - 32 bytes; copied. */
  constructor(seed: Uint8Array) {
    this.#key = importSecret("ed25519", seed);
    this.publicKey = publicBytesOf(this.#key);
  }

  sign(message: Uint8Array): Buffer {
    return sign(null, message, this.#key);
  }
}

/** False also if the key or the signature is malformed. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== KEY_LENGTH) {
    return false;
  }
  try {
    return verify(null, message, importPublic("ed25519", publicKey), signature);
  } catch {
    return false;
  }
}

/** The result of an X25519 exchange for one side. */
export interface Exchange {
  /** This side's public key, to be sent. */
  readonly publicKey: Buffer;
  /** 32 bytes. To be wiped after use. */
  readonly sharedSecret: Buffer;
}

/**
 * Makes a key for one exchange, and computes the secret that it shares with the other side's.
 *
 * @returns Undefined if the other side's key is malformed, or is a point that would make every secret zero. [RFC 7748 §6.1]
 */
export function exchangeKeys(theirPublicKey: Uint8Array): Exchange | undefined {
  if (theirPublicKey.length !== KEY_LENGTH) {
    return undefined;
  }
  const secret = randomBytes(KEY_LENGTH);
  try {
    const privateKey = importSecret("x25519", secret);
    const publicKey = publicBytesOf(privateKey);
    const theirs = importPublic("x25519", theirPublicKey);
    return { publicKey, sharedSecret: diffieHellman({ privateKey, publicKey: theirs }) };
  } catch {
    return undefined;
  } finally {
    secret.fill(0);
  }
}

function nonceOf(name: string): Buffer {
  return Buffer.from(name.padStart(NONCE_LENGTH, "\0"), "latin1");
}

function importSecret(curve: Curve, secret: Uint8Array): KeyObject {
  const key = Buffer.concat([PKCS8_PREFIX[curve], secret]);
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } finally {
    key.fill(0);
  }
}

function importPublic(curve: Curve, bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([SPKI_PREFIX[curve], bytes]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

function publicBytesOf(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-KEY_LENGTH);
}
