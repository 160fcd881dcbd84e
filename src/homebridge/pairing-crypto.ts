/**
 * The cryptography of pairing on `node:crypto`: Ed25519 and X25519 replace `tweetnacl`, and HKDF replaces `futoin-hkdf`.
 * Each function takes the original's arguments and returns the same bytes. Other lengths, types and hashes go to the
 * original.
 *
 * The functions are stricter than the originals in three cases that no honest peer meets.
 * - They refuse a signature whose S is not below the group's order [RFC 8032 §5.1.7].
 * - They refuse a public key that makes the shared secret all zeros [RFC 7748 §6.1].
 * - They refuse an Ed25519 key or signature of a small order, if this Node refuses it.
 */

import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
  type PrivateKeyInput,
  type PublicKeyInput,
} from "node:crypto";
import { types } from "node:util";

import type { MessageAead } from "../engine/contract";
import { KEY_LENGTH } from "../frame";
import { messageCryptoOn, type MessageCrypto } from "./message-crypto";

type Curve = "Ed25519" | "X25519";

const SIGNATURE_LENGTH = 64;
/** The length of tweetnacl's Ed25519 secret key: the seed, then the public key. */
const SIGNING_KEY_LENGTH = 64;

/** The part of `tweetnacl` that HAP-NodeJS uses. */
export interface Tweetnacl {
  readonly sign: {
    (message: Uint8Array, secretKey: Uint8Array): Uint8Array;
    readonly keyPair: () => TweetnaclKeyPair;
    readonly detached: {
      (message: Uint8Array, secretKey: Uint8Array): Uint8Array;
      readonly verify: (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;
    };
  };
  readonly box: { (...args: never[]): unknown; readonly keyPair: () => TweetnaclKeyPair };
  readonly scalarMult: ScalarMult;
}

type ScalarMult = (secretKey: Uint8Array, publicKey: Uint8Array) => Uint8Array;

interface TweetnaclKeyPair {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/** The part of HAP-NodeJS's `hapCrypto` that is replaced. */
export interface HapCrypto extends MessageCrypto {
  HKDF(hash: string, salt: Buffer, ikm: Buffer, info: Buffer, size: number): Buffer;
}

/**
 * @param tweetnacl - The result of `require("tweetnacl")`.
 * @returns The functions to put in place of its own. None if it has another shape.
 */
export function tweetnaclOnNode(tweetnacl: unknown): Partial<Tweetnacl> {
  if (!isTweetnacl(tweetnacl)) {
    return {};
  }
  const { sign: signing, box, scalarMult } = tweetnacl;
  const detached = Object.assign(signWith(signing.detached), signing.detached, {
    verify: verifyWith(signing.detached.verify),
  });
  const signingKeyPair = Object.assign(generateSigningKeyPair, signing.keyPair);
  const exchange = new KeyExchange(scalarMult);
  const boxKeyPair = Object.assign(() => exchange.generateKeyPair(), box.keyPair);
  return {
    sign: Object.assign(copyOf(signing), signing, { detached, keyPair: signingKeyPair }),
    box: Object.assign(copyOf(box), box, { keyPair: boxKeyPair }),
    scalarMult: Object.assign<ScalarMult, ScalarMult>(
      (secretKey, publicKey) => exchange.sharedSecret(secretKey, publicKey),
      scalarMult,
    ),
  };
}

/** @returns A function that calls the other. It can have its own members. */
function copyOf<Args extends unknown[], Result>(call: (...args: Args) => Result): typeof call {
  return (...args) => call(...args);
}

function isTweetnacl(tweetnacl: unknown): tweetnacl is Tweetnacl {
  const { sign: signing, box, scalarMult } = Object(tweetnacl) as Partial<Tweetnacl>;
  const detached = Object(signing?.detached) as Partial<Tweetnacl["sign"]["detached"]>;
  return [
    ...[signing, signing?.keyPair, signing?.detached, detached.verify],
    ...[box, box?.keyPair, scalarMult],
  ].every(isFunction);
}

/**
 * @param original - The exports of `hapCrypto`.
 * @param aead - Seals and opens messages. Without it, the original's functions stay.
 * @returns The functions that replace those of `original`.
 */
export function hapCryptoOnNode(original: unknown, aead?: MessageAead): Partial<HapCrypto> {
  const theirs = Object(original) as Partial<HapCrypto>;
  return {
    ...(isFunction(theirs.HKDF) && { HKDF: hkdfWith(theirs.HKDF) }),
    ...(aead !== undefined && sealsMessages(theirs) && messageCryptoOn(aead, theirs)),
  };
}

function sealsMessages(theirs: Partial<HapCrypto>): theirs is Partial<HapCrypto> & MessageCrypto {
  return [theirs.chacha20_poly1305_encryptAndSeal, theirs.chacha20_poly1305_decryptAndVerify].every(
    isFunction,
  );
}

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function";
}

/** X25519. Remembers the last key pair until its secret is used, since HAP-NodeJS uses it at once. */
class KeyExchange {
  readonly #original: ScalarMult;
  #last: { readonly secret: Buffer; readonly key: KeyObject } | undefined;

  constructor(original: ScalarMult) {
    this.#original = original;
  }

  generateKeyPair(): TweetnaclKeyPair {
    const secret = randomBytes(KEY_LENGTH);
    const key = importSecret("X25519", secret);
    this.#last = { secret, key };
    return { publicKey: publicBytesOf(key), secretKey: toBytes(secret) };
  }

  /** @throws Error if the shared secret would be all zeros: the public key is a point of a small order. */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    if (!isBytes(secretKey, KEY_LENGTH) || !isBytes(publicKey, KEY_LENGTH)) {
      return this.#original(secretKey, publicKey);
    }
    const last = this.#last;
    this.#last = undefined;
    const isLast = last !== undefined && timingSafeEqual(last.secret, secretKey);
    const privateKey = isLast ? last.key : importSecret("X25519", secretKey);
    return toBytes(diffieHellman({ privateKey, publicKey: importPublic("X25519", publicKey) }));
  }
}

/**
 * Imported Ed25519 keys, by their last 32 bytes. These are the public half of a public key and of a signing key. Accessories
 * and controllers keep their keys, so few are imported.
 */
class RememberedKeys<Imported extends KeyObject | undefined> {
  /** More than the accessories of a process or the controllers of a home. If there are more, all keys are forgotten. */
  static readonly MOST = 64;
  readonly #import: (bytes: Uint8Array) => Imported;
  readonly #keys = new Map<string, { readonly bytes: Buffer; readonly key: Imported }>();

  constructor(importKey: (bytes: Uint8Array) => Imported) {
    this.#import = importKey;
  }

  get(bytes: Uint8Array): Imported {
    const publicHalf = hexOf(bytes.subarray(-KEY_LENGTH));
    const known = this.#keys.get(publicHalf);
    if (known !== undefined && timingSafeEqual(known.bytes, bytes)) {
      return known.key;
    }
    const key = this.#import(bytes);
    if (this.#keys.size >= RememberedKeys.MOST) {
      this.#keys.clear();
    }
    this.#keys.set(publicHalf, { bytes: Buffer.from(bytes), key });
    return key;
  }
}

function signWith(original: Tweetnacl["sign"]["detached"]): (m: Uint8Array, s: Uint8Array) => Uint8Array {
  const keys = new RememberedKeys(importSigningKey);
  return (message, secretKey) => {
    const isKnown = types.isUint8Array(message) && isBytes(secretKey, SIGNING_KEY_LENGTH);
    const key = isKnown ? keys.get(secretKey) : undefined;
    return key === undefined ? original(message, secretKey) : toBytes(sign(null, message, key));
  };
}

function verifyWith(
  original: Tweetnacl["sign"]["detached"]["verify"],
): Tweetnacl["sign"]["detached"]["verify"] {
  const keys = new RememberedKeys((publicKey) => importPublic("Ed25519", publicKey));
  return (message, signature, publicKey) => {
    const isKnown =
      types.isUint8Array(message) && isBytes(signature, SIGNATURE_LENGTH) && isBytes(publicKey, KEY_LENGTH);
    return isKnown
      ? verify(null, message, keys.get(publicKey), signature)
      : original(message, signature, publicKey);
  };
}

function generateSigningKeyPair(): TweetnaclKeyPair {
  const seed = randomBytes(KEY_LENGTH);
  const publicKey = publicBytesOf(importSecret("Ed25519", seed));
  return { publicKey, secretKey: toBytes(Buffer.concat([seed, publicKey])) };
}

function hkdfWith(original: HapCrypto["HKDF"]): HapCrypto["HKDF"] {
  return (hash, salt, ikm, info, size) => {
    // The bounds of hkdfSync. Beyond them, the originals differ.
    const isKnown =
      hash === "sha512" &&
      [salt, ikm, info].every((bytes) => types.isUint8Array(bytes) && bytes.length <= 1_024) &&
      Number.isInteger(size) &&
      size > 0 &&
      size <= 255 * 64;
    // Node 24 takes twice as long if it is given bytes instead of a KeyObject.
    return isKnown
      ? Buffer.from(hkdfSync(hash, createSecretKey(ikm), salt, info, size))
      : original(hash, salt, ikm, info, size);
  };
}

/**
 * True if Node imports raw keys, as it does from 24.15 on. Older releases import a private JWK without its public half. Both
 * avoid PKCS #8, which takes Node 20 a third of a millisecond to decode.
 */
const TAKES_RAW_KEYS = takesRawKeys();

function takesRawKeys(): boolean {
  try {
    createPrivateKey(rawKey("raw-private", "X25519", new Uint8Array(KEY_LENGTH)));
    return true;
  } catch {
    return false;
  }
}

/** @returns The input for a raw key. The cast is needed since the types of Node 20 do not have this format. */
function rawKey(format: string, curve: Curve, key: Uint8Array): PrivateKeyInput & PublicKeyInput {
  const input: unknown = { key, format, asymmetricKeyType: curve.toLowerCase() };
  return input as PrivateKeyInput & PublicKeyInput;
}

function importSecret(curve: Curve, secret: Uint8Array): KeyObject {
  return createPrivateKey(
    TAKES_RAW_KEYS
      ? rawKey("raw-private", curve, secret)
      : { key: { kty: "OKP", crv: curve, d: base64UrlOf(secret), x: "" }, format: "jwk" },
  );
}

function importPublic(curve: Curve, bytes: Uint8Array): KeyObject {
  return createPublicKey(
    TAKES_RAW_KEYS
      ? rawKey("raw-public", curve, bytes)
      : { key: { kty: "OKP", crv: curve, x: base64UrlOf(bytes) }, format: "jwk" },
  );
}

/** @returns Undefined if the public half does not belong to the seed: `node:crypto` cannot sign with both. */
function importSigningKey(secretKey: Uint8Array): KeyObject | undefined {
  const publicKey = importPublic("Ed25519", secretKey.subarray(KEY_LENGTH));
  const key = importSecret("Ed25519", secretKey.subarray(0, KEY_LENGTH));
  return createPublicKey(key).equals(publicKey) ? key : undefined;
}

/**
 * Call it right after the import. In Node 20, the export of a key can hang if its `generateKeyPairSync` is being collected:
 * the collector and the export take the same lock. This is why no key is generated here.
 */
function publicBytesOf(key: KeyObject): Uint8Array {
  const { x = "" } = key.export({ format: "jwk" });
  return toBytes(Buffer.from(x, "base64url"));
}

function isBytes(value: unknown, length: number): boolean {
  return types.isUint8Array(value) && value.length === length;
}

/** @returns A copy in its own memory, as `tweetnacl` does. */
function toBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

function base64UrlOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
