/**
 * Powers in the 3,072-bit group that HAP's SRP computes in, on the OpenSSL inside Node: 2 to 3 ms in place of 60 to 100
 * in JavaScript.
 *
 * Node has no call for a power. But if a Diffie-Hellman key is imported without its public half, OpenSSL computes that half:
 * the group's generator to the power of the secret half, in constant time. So the key's generator is the base, its secret
 * half the exponent, and its public half the power. `createDiffieHellman` would test the prime first, for seconds.
 */

import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** The prime of the group. [RFC 5054 appendix A] */
const PRIME = Buffer.from(
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
    "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
    "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
    "15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
    "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c" +
    "bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff",
  "hex",
);

/** Bytes of the prime, and of every power. */
export const POWER_LENGTH = PRIME.length;

/** Bases that OpenSSL may refuse, or with which it sees a group that has rules of its own: 0, 1, 2 and -1. */
const DEGENERATE = [
  ...[0, 1, 2].map((value) => padded(Buffer.from([value]))),
  Buffer.concat([PRIME.subarray(0, -1), Buffer.from([0xfe])]),
];

/** Bytes of an exponent. Shorter ones cost little in JavaScript, longer ones are larger than the group. */
const [SHORTEST_EXPONENT, LONGEST_EXPONENT] = [8, POWER_LENGTH - 1];

/** Tags of DER, and the identifier of a Diffie-Hellman key in it. [PKCS #3] */
const [INTEGER, BIT_STRING, OCTET_STRING, OBJECT_ID, SEQUENCE] = [0x02, 0x03, 0x04, 0x06, 0x30];
const ZERO = Buffer.alloc(1);
const DH_KEY = Buffer.from("2a864886f70d010301", "hex");

/**
 * @param base - Big-endian, {@link POWER_LENGTH} bytes, less than the prime.
 * @param exponent - Big-endian, without zeros in front. Secret: its copies are wiped.
 * @returns The power, of {@link POWER_LENGTH} bytes. Undefined if it has to be computed in another way.
 * @throws Error if this OpenSSL does not do it.
 */
export function modularPower(base: Uint8Array, exponent: Uint8Array): Buffer | undefined {
  const isKnown =
    base.length === POWER_LENGTH &&
    PRIME.compare(base) > 0 &&
    !DEGENERATE.some((degenerate) => degenerate.equals(base)) &&
    exponent[0] !== 0 &&
    exponent.length >= SHORTEST_EXPONENT &&
    exponent.length <= LONGEST_EXPONENT;
  return isKnown ? publicHalfOf(importKey(base, exponent)) : undefined;
}

/** True for the prime of HAP's group, big-endian. */
export function isHapPrime(bytes: Uint8Array | null): boolean {
  return bytes !== null && PRIME.equals(bytes);
}

/** A key of the group with another generator, and with this secret half. */
function importKey(generator: Uint8Array, secret: Uint8Array): KeyObject {
  const group = der(SEQUENCE, integer(PRIME), integer(generator));
  const algorithm = der(SEQUENCE, der(OBJECT_ID, DH_KEY), group);
  const half = integer(secret);
  const wrapped = der(OCTET_STRING, half);
  const key = der(SEQUENCE, integer(ZERO), algorithm, wrapped);
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } finally {
    for (const copy of [half, wrapped, key]) copy.fill(0);
  }
}

function publicHalfOf(key: KeyObject): Buffer {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const { rest: bits } = read(read(spki, SEQUENCE).content, SEQUENCE);
  // A byte in front says how many bits of the last one are unused: none.
  const half = padded(read(read(bits, BIT_STRING).content.subarray(1), INTEGER).content);
  spki.fill(0);
  return half;
}

/** Writes an element of DER. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length: more }) => sum + more, 0);
  const long = length < 0x100 ? [0x81] : [0x82, length >> 8];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [] : long), length & 0xff]), ...contents]);
}

function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? ZERO : bytes.subarray(first);
  // Without a zero in front, it would be negative.
  return (digits[0] ?? 0) < 0x80 ? der(INTEGER, digits) : der(INTEGER, ZERO, digits);
}

/** Reads the element of DER that stands first. */
function read(bytes: Buffer, tag: number): { content: Buffer; rest: Buffer } {
  const [actualTag, short = 0] = bytes;
  if (actualTag !== tag) {
    throw new Error("OpenSSL has written a key in another form");
  }
  const size = short < 0x80 ? 0 : short & 0x7f;
  const start = 2 + size;
  const end = start + (size === 0 ? short : bytes.readUIntBE(2, size));
  return { content: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

function padded(bytes: Uint8Array): Buffer {
  const digits = bytes.subarray(Math.max(0, bytes.length - POWER_LENGTH));
  const number = Buffer.alloc(POWER_LENGTH);
  number.set(digits, POWER_LENGTH - digits.length);
  return number;
}
