/** Powers in the group of HAP's SRP on OpenSSL: those of two other implementations, or left to the original. */

import assert from "node:assert/strict";
import crypto, { randomBytes } from "node:crypto";
import { describe, it, mock, type TestContext } from "node:test";

import { SRP, SrpClient, SrpServer } from "fast-srp-hap";

import { modularPower, POWER_LENGTH } from "#src/pairing/modular-power";
import { srpPowerOnOpenSsl, type BigInteger } from "#src/pairing/srp-power";

import { patient } from "../support/patience";

/** How many random powers are compared with BigInt's, which takes about 10 ms for each. `SRP_COMPARED=n` compares more. */
const COMPARED = Number(process.env["SRP_COMPARED"] ?? 120);
/** Bytes of the exponents of a pair-setup, and others. */
const EXPONENT_LENGTHS = [32, 64, 64, 32, 8, 9, 20, 127, 128];

const hap = SRP.params.hap as unknown as { readonly N: BigInteger; readonly g: BigInteger };
const PRIME = numberOf(hap.N.toBuffer(POWER_LENGTH) ?? Buffer.alloc(0));
const Integer = hap.N.constructor as new (bytes: Buffer) => BigInteger;
const prototype = Object.getPrototypeOf(hap.N) as { modPow: BigInteger["modPow"] };
const { modPow: original } = prototype;
const ours = srpPowerOnOpenSsl(hap.N);

describe("a modular power on OpenSSL", { timeout: patient(300_000) }, () => {
  it("equals that of BigInt, for random bases and exponents", () => {
    for (let i = 0; i < COMPARED; i += 1) {
      const base = numberOf(randomBytes(POWER_LENGTH)) % PRIME;
      const exponent = randomExponent(i);
      assert.equal(powerOf(base, exponent), expectedPower(base, exponent), message(base, exponent));
    }
  });

  it("equals that of BigInt at the edges", () => {
    const bases = [3n, 4n, 5n, 2n ** 64n, 2n ** 3071n, PRIME - 2n, PRIME - 5n, (PRIME - 1n) / 2n];
    const exponents = [2n ** 56n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 255n, 2n ** 256n - 1n];
    for (const base of bases) {
      for (const exponent of exponents) {
        assert.equal(powerOf(base, exponent), expectedPower(base, exponent), message(base, exponent));
      }
    }
  });

  it("is of full length if the number is small", () => {
    // The squares are a group of prime order: a root of 9 in it is its power of the exponent's inverse.
    const order = (PRIME - 1n) / 2n;
    const exponent = 2n ** 255n + 3n;
    const root = expectedPower(9n, expectedPower(exponent, order - 2n, order));
    assert.deepEqual(modularPower(bytesOf(root), digitsOf(exponent)), bytesOf(9n));
  });

  it("is left to others for degenerate bases, and for exponents that are short or larger than the group", () => {
    const exponent = randomBytes(32).fill(1, 0, 1);
    for (const base of [0n, 1n, 2n, PRIME - 1n, PRIME, PRIME + 5n]) {
      assert.equal(modularPower(bytesOf(base), exponent), undefined, String(base));
    }
    assert.equal(modularPower(Buffer.alloc(POWER_LENGTH - 1, 5), exponent), undefined);
    assert.equal(modularPower(Buffer.alloc(POWER_LENGTH + 1), exponent), undefined);
    for (const length of [0, 1, 7, POWER_LENGTH, POWER_LENGTH + 1]) {
      assert.equal(modularPower(bytesOf(5n), Buffer.alloc(length, 7)), undefined, String(length));
    }
  });

  it("wipes the parts of the exponent that it has written", (t) => {
    const imported = imports(t);
    const exponent = randomBytes(32).fill(1, 0, 1);
    const secret = exponent.toString("hex");
    modularPower(bytesOf(5n), exponent);
    assert.deepEqual(
      imported.map(({ asGiven, key }) => [asGiven.includes(secret), key.every((byte) => byte === 0)]),
      [[true, true]],
    );
    assert.equal(exponent.toString("hex"), secret, "the caller's exponent has changed");
  });
});

describe("modPow of fast-srp-hap on OpenSSL", { timeout: patient(120_000) }, () => {
  it("equals the original for all that the original takes", () => {
    const exponents = [0n, 1n, 2n, 255n, 2n ** 40n, 2n ** 63n + 1n, 2n ** 80n - 1n].map(integerOf);
    const bases = [0n, 1n, 2n, 5n, PRIME - 1n, PRIME, PRIME + 1n, PRIME * PRIME + 7n].map(integerOf);
    const negative = bases.slice(1).map((base) => integerOf(0n).subtract(base));
    const modulus = integerOf(2n ** 127n - 1n);
    for (const base of [...bases, ...negative]) {
      for (const exponent of exponents) {
        for (const m of [hap.N, modulus]) {
          const expected = original.call(base, exponent, m);
          assert.ok(ours.call(base, exponent, m).equals(expected), message(base, exponent));
        }
      }
    }
  });

  it("equals the original for negative exponents, and for those that are larger than the group", () => {
    const base = integerOf(7n);
    for (const exponent of [integerOf(0n).subtract(integerOf(5n)), integerOf(2n ** 3080n + 1n)]) {
      assert.ok(ours.call(base, exponent, hap.N).equals(original.call(base, exponent, hap.N)));
    }
  });

  it("gives a pair-setup the same keys and proofs, on either side", (t) => {
    t.after(() => {
      prototype.modPow = original;
    });
    for (let i = 0; i < 2; i += 1) {
      const secrets = { a: randomBytes(32), b: randomBytes(32), salt: randomBytes(16) };
      prototype.modPow = original;
      const expected = exchange(secrets);
      prototype.modPow = ours;
      const imported = imports(t);
      assert.deepEqual(exchange(secrets), expected);
      assert.equal(imported.length, 4 + 3, "powers of the server and of the client");
    }
  });

  it("falls back to the original if OpenSSL refuses", (t) => {
    t.after(() => {
      mock.restoreAll();
    });
    mock.method(crypto, "createPrivateKey", () => {
      throw new Error("refused");
    });
    const exponent = integerOf(2n ** 64n);
    const base = integerOf(5n);
    assert.ok(ours.call(base, exponent, hap.N).equals(original.call(base, exponent, hap.N)));
  });

  it("is only for HAP's group", () => {
    const { N } = SRP.params["2048"] as unknown as { N: BigInteger };
    assert.throws(() => srpPowerOnOpenSsl(N), { name: "TypeError", message: /another group than HAP's/ });
  });
});

interface Secrets {
  readonly a: Buffer;
  readonly b: Buffer;
  readonly salt: Buffer;
}

/** A whole pair-setup. @returns What both sides have computed. */
function exchange({ a, b, salt }: Secrets): Buffer[] {
  const [name, pin] = [Buffer.from("Pair-Setup"), Buffer.from("031-45-154")];
  const { hap: params } = SRP.params as { hap: ConstructorParameters<typeof SrpServer>[0] };
  const server = new SrpServer(params, salt, name, pin, b);
  const client = new SrpClient(params, salt, name, pin, a);
  client.setB(server.computeB());
  server.setA(client.computeA());
  server.checkM1(client.computeM1());
  client.checkM2(server.computeM2());
  return [server.computeB(), client.computeA(), server.computeK(), client.computeK(), server.computeM2()];
}

interface ImportedKey {
  /** As it was given, in hex. */
  readonly asGiven: string;
  readonly key: Buffer;
}

/** Notes the keys that Node imports from now on. */
function imports(t: TestContext): ImportedKey[] {
  const { createPrivateKey } = crypto;
  const imported: ImportedKey[] = [];
  mock.method(crypto, "createPrivateKey", (input: { key: Buffer; format: "der"; type: "pkcs8" }) => {
    imported.push({ asGiven: input.key.toString("hex"), key: input.key });
    return createPrivateKey(input);
  });
  t.after(() => {
    mock.restoreAll();
  });
  return imported;
}

function powerOf(base: bigint, exponent: bigint): bigint | undefined {
  const power = modularPower(bytesOf(base), digitsOf(exponent));
  return power === undefined ? undefined : numberOf(power);
}

function expectedPower(base: bigint, exponent: bigint, modulus = PRIME): bigint {
  let power = 1n;
  for (const bit of exponent.toString(2)) {
    power = (power * power) % modulus;
    if (bit === "1") power = (power * base) % modulus;
  }
  return power;
}

function randomExponent(index: number): bigint {
  const bytes = randomBytes(EXPONENT_LENGTHS[index % EXPONENT_LENGTHS.length] ?? 32);
  bytes[0] ||= 1;
  return numberOf(bytes);
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function digitsOf(number: bigint): Buffer {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * POWER_LENGTH, "0"), "hex");
}

function integerOf(number: bigint): BigInteger & { subtract(other: BigInteger): BigInteger } {
  return new Integer(digitsOf(number)) as BigInteger & { subtract(other: BigInteger): BigInteger };
}

function message(base: bigint | BigInteger, exponent: bigint | BigInteger): string {
  const [b, e] = [base, exponent].map((number) =>
    (number as { toString(radix: number): string }).toString(16),
  );
  return `${String(b)} ^ ${String(e)}`;
}
