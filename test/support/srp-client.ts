/** A controller's side of SRP-6a in HAP's group, by BigInt: independent of the accessory's. [RFC 5054 §2.6] */

import { createHash, randomBytes } from "node:crypto";

import { SRP } from "fast-srp-hap";

/** Bytes of a number of the group. */
const LENGTH = 384;
const USERNAME = "Pair-Setup";

/** The prime: 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 * pi) + 1690314). [RFC 3526 §4] */
export const PRIME = numberOf(SRP.params.hap.N.toBuffer(LENGTH));
const GENERATOR = 5n;

export class SrpClient {
  readonly publicKey: Buffer;
  readonly #secret = numberOf(randomBytes(32));
  readonly #setupCode: string;

  constructor(setupCode: string) {
    this.#setupCode = setupCode;
    this.publicKey = bytesOf(power(GENERATOR, this.#secret));
  }

  /** @returns The session key, the proof for M3, and the proof that M4 must have. */
  respondTo(salt: Uint8Array, theirs: Uint8Array): { key: Buffer; proof: Buffer; expected: Buffer } {
    const u = numberOf(hash(this.publicKey, theirs));
    const x = numberOf(hash(salt, hash(Buffer.from(`${USERNAME}:${this.#setupCode}`))));
    const k = numberOf(hash(bytesOf(PRIME), bytesOf(GENERATOR)));
    const base = (numberOf(theirs) + PRIME * k - k * power(GENERATOR, x)) % PRIME;
    const key = hash(bytesOf(power(base, this.#secret + u * x)));
    const group = hash(bytesOf(PRIME)).map((byte, index) => byte ^ (hash(Buffer.of(5))[index] ?? 0));
    const proof = hash(group, hash(Buffer.from(USERNAME)), salt, this.publicKey, theirs, key);
    return { key, proof, expected: hash(this.publicKey, proof, key) };
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % PRIME];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
  }
  return result;
}

function hash(...parts: Uint8Array[]): Buffer {
  return createHash("sha512").update(Buffer.concat(parts)).digest();
}

export function numberOf(bytes: Uint8Array | null): bigint {
  return BigInt(`0x${Buffer.from(bytes ?? []).toString("hex")}`);
}

export function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * LENGTH, "0"), "hex");
}
