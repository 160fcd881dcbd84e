/** `fast-srp-hap` on OpenSSL: the powers of its big integers, which take nearly all of the time of a pair-setup. */

import { isHapPrime, modularPower, POWER_LENGTH } from "./modular-power";

/** The part of fast-srp-hap's big integers that is used. They are jsbn's. */
export interface BigInteger {
  /** Bytes are big-endian, without a sign. */
  readonly constructor: unknown;
  bitLength(): number;
  equals(other: BigInteger): boolean;
  mod(modulus: BigInteger): BigInteger;
  readonly modPow: (this: BigInteger, exponent: BigInteger, modulus: BigInteger) => BigInteger;
  signum(): number;
  /** Null if the number needs more bytes. */
  toBuffer(length: number): Buffer | null;
}

/**
 * @param prime - `SRP.params.hap.N`.
 * @returns A `modPow` for the class of that number, with equal results. It leaves to the original every other modulus, and
 *   powers that OpenSSL does not compute.
 * @throws TypeError if the number is not the prime of HAP's group.
 */
export function srpPowerOnOpenSsl(prime: BigInteger): BigInteger["modPow"] {
  const { modPow: original } = prime;
  const Integer = prime.constructor as new (bytes: Buffer) => BigInteger;
  if (!isHapPrime(prime.toBuffer(POWER_LENGTH))) {
    throw new TypeError("fast-srp-hap computes in another group than HAP's");
  }
  return function (exponent, modulus) {
    const power = modulus.equals(prime) ? powerOf(this.mod(prime), exponent) : undefined;
    if (power === undefined) {
      return original.call(this, exponent, modulus);
    }
    const result = new Integer(power);
    power.fill(0);
    return result;
  };
}

/** @returns Undefined if the original has to compute the power. */
function powerOf(base: BigInteger, exponent: BigInteger): Buffer | undefined {
  const bytes = exponent.signum() > 0 ? exponent.toBuffer(Math.ceil(exponent.bitLength() / 8)) : null;
  const baseBytes = base.toBuffer(POWER_LENGTH);
  try {
    return bytes === null || baseBytes === null ? undefined : modularPower(baseBytes, bytes);
  } catch {
    return undefined;
  } finally {
    bytes?.fill(0);
    baseBytes?.fill(0);
  }
}
