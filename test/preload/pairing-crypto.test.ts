/** HAP-NodeJS's pairing on Node's crypto: equal to the originals byte for byte, and stricter only in the named cases. */

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { createRequire } from "node:module";
import { describe, it } from "node:test";

import { createNativeEngine } from "#src/engine/native";
import { createPortableEngine } from "#src/engine/portable";
import { hapCryptoOnNode, tweetnaclOnNode } from "#src/homebridge/pairing-crypto";
import { engineInfo } from "hapwire";
import { patient } from "../support/patience";

/**
 * How many results in a row of Ed25519 are compared with tweetnacl's, which takes up to 10 ms for each. For the others
 * the expected result is known. `PAIRING_CRYPTO_COMPARED=n` compares more.
 */
const COMPARED = Number(process.env["PAIRING_CRYPTO_COMPARED"] ?? 50);

function isCompared(index: number): boolean {
  return index < COMPARED;
}

type Bytes = Uint8Array;

interface KeyPair {
  publicKey: Bytes;
  secretKey: Bytes;
}

interface Nacl {
  sign: {
    keyPair: (() => KeyPair) & { fromSeed(seed: Bytes): KeyPair };
    detached: ((message: Bytes, secretKey: Bytes) => Bytes) & {
      verify(message: Bytes, signature: Bytes, publicKey: Bytes): boolean;
    };
  };
  box: { keyPair: () => KeyPair };
  scalarMult: ((secretKey: Bytes, publicKey: Bytes) => Bytes) & { base(secretKey: Bytes): Bytes };
}

interface HapCrypto {
  HKDF(hash: string, salt: Bytes, ikm: Bytes, info: Bytes, size: number): Buffer;
  chacha20_poly1305_encryptAndSeal(
    key: Bytes,
    nonce: Bytes,
    aad: Bytes | null,
    text: Bytes,
  ): { ciphertext: Buffer; authTag: Buffer };
  chacha20_poly1305_decryptAndVerify(
    key: Bytes,
    nonce: Bytes,
    aad: Bytes | null,
    text: Bytes,
    tag: Bytes,
  ): Buffer;
}

const load = createRequire(require.resolve("@homebridge/hap-nodejs"));
const nacl = load("tweetnacl") as Nacl;
const hapCrypto = load("./lib/util/hapCrypto") as HapCrypto;
const ourNacl = { ...nacl, ...tweetnaclOnNode(nacl) } as Nacl;
const ours = hapCryptoOnNode(hapCrypto) as HapCrypto;

/** The order of Ed25519's group, [RFC 8032 §5.1]. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Points of a small order, points encoded as a y of p or more, and bytes that are no point. */
const EDGE_POINTS = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0200000000000000000000000000000000000000000000000000000000000000",
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].map((hex) => Buffer.from(hex, "hex"));

/** All of them but the last two, which are no points. */
const SMALL_ORDER = new Set(EDGE_POINTS.slice(0, -2).map(hexOf));

/** u-coordinates of a small order, of p or more, and with the bit set that is to be ignored. [RFC 7748 §5, §7] */
const EDGE_COORDINATES = [
  ...EDGE_POINTS,
  ...[
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
    "0900000000000000000000000000000000000000000000000000000000000080",
    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ].map((hex) => Buffer.from(hex, "hex")),
];

describe("Ed25519 on Node's crypto", { timeout: patient(120_000) }, () => {
  it("signs as tweetnacl does, 500 messages by 100 keys", () => {
    const pairs = Array.from({ length: 100 }, () => ourNacl.sign.keyPair());
    for (let i = 0; i < 500; i += 1) {
      const { secretKey = Buffer.alloc(0), publicKey = secretKey } = pairs[i % pairs.length] ?? {};
      const message = randomBytes(randomInt(300));
      const signature = ourNacl.sign.detached(message, secretKey);
      assert.ok(ourNacl.sign.detached.verify(message, signature, publicKey));
      if (isCompared(i)) {
        assert.deepEqual(signature, nacl.sign.detached(message, secretKey));
      }
    }
  });

  it("signs as tweetnacl does if the public half belongs to another key", () => {
    const { secretKey } = nacl.sign.keyPair();
    secretKey.set(nacl.sign.keyPair().publicKey, 32);
    const message = randomBytes(80);
    assert.deepEqual(ourNacl.sign.detached(message, secretKey), nacl.sign.detached(message, secretKey));
  });

  it("does not take one key for another with the same public half", () => {
    const message = randomBytes(80);
    const { secretKey } = nacl.sign.keyPair();
    ourNacl.sign.detached(message, secretKey);
    secretKey[0] = (secretKey[0] ?? 0) ^ 8;
    assert.deepEqual(ourNacl.sign.detached(message, secretKey), nacl.sign.detached(message, secretKey));
  });

  it("verifies as tweetnacl does, 400 signatures, of which half are damaged", () => {
    for (let i = 0; i < 400; i += 1) {
      const { publicKey, secretKey } = ourNacl.sign.keyPair();
      const message = randomBytes(1 + randomInt(300));
      const signature = ourNacl.sign.detached(message, secretKey);
      const damaged = [signature, message, publicKey][i % 3] as Bytes;
      if (i % 2 === 1) {
        const place = randomInt(damaged.length);
        damaged[place] = (damaged[place] ?? 0) ^ (1 << randomInt(8));
      }
      const isGood = isCompared(i)
        ? verifyBoth(message, signature, publicKey)
        : ourNacl.sign.detached.verify(message, signature, publicKey);
      assert.equal(isGood, i % 2 === 0);
    }
  });

  it("verifies by the key that is given, 500 signatures by 100 controllers, each with another's key too", () => {
    const pairs = Array.from({ length: 100 }, () => ourNacl.sign.keyPair());
    const publicKey = new Uint8Array(32); // one buffer for all, as a parser might have it
    for (let i = 0; i < 500; i += 1) {
      const { secretKey = publicKey, publicKey: own = publicKey } = pairs[i % pairs.length] ?? {};
      const message = randomBytes(randomInt(300));
      const signature = ourNacl.sign.detached(message, secretKey);
      for (const other of [own, pairs[(i + 1) % 4]?.publicKey ?? own]) {
        publicKey.set(other);
        const isGood = ourNacl.sign.detached.verify(message, signature, publicKey);
        assert.equal(isGood, Buffer.compare(other, own) === 0);
      }
    }
  });

  it("verifies as tweetnacl does for keys and signatures at the edges", () => {
    const message = Buffer.from("edges"); // not random: the number accepted depends on it
    let accepted = 0;
    for (const publicKey of EDGE_POINTS) {
      for (const point of EDGE_POINTS) {
        const signature = Buffer.concat([point, scalarBytes(0n)]);
        const theirs = nacl.sign.detached.verify(message, signature, publicKey);
        accepted += Number(theirs);
        verifyBoth(message, signature, publicKey, theirs);
      }
      for (const scalar of [1n, ORDER - 1n, ORDER]) {
        const { publicKey: point } = ourNacl.sign.keyPair();
        verifyBoth(message, Buffer.concat([point, scalarBytes(scalar)]), publicKey);
      }
    }
    assert.ok(accepted > 4, `tweetnacl accepted ${String(accepted)}: this shows little`);
  });

  it("refuses a signature whose S is not below the order, which tweetnacl takes", () => {
    const message = randomBytes(80);
    const { publicKey, secretKey } = nacl.sign.keyPair();
    const signature = Buffer.from(nacl.sign.detached(message, secretKey));
    const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`);
    const forged = Buffer.concat([signature.subarray(0, 32), scalarBytes(scalar + ORDER)]);
    assert.equal(nacl.sign.detached.verify(message, forged, publicKey), true);
    assert.equal(ourNacl.sign.detached.verify(message, forged, publicKey), false);
  });

  it("makes key pairs that tweetnacl knows, and never hangs while the collector is at work", () => {
    for (let i = 0; i < 3_000; i += 1) {
      const { publicKey, secretKey } = ourNacl.sign.keyPair();
      assert.deepEqual(publicKey, secretKey.slice(32));
      if (isCompared(i)) {
        assert.deepEqual(nacl.sign.keyPair.fromSeed(secretKey.slice(0, 32)), { publicKey, secretKey });
      }
    }
  });

  it("throws the errors of tweetnacl for wrong lengths and types", () => {
    const { publicKey, secretKey } = nacl.sign.keyPair();
    const message = randomBytes(10);
    const signature = nacl.sign.detached(message, secretKey);
    for (const wrong of [...wrongSizes(64), "text", undefined] as Bytes[]) {
      sameError(
        () => nacl.sign.detached(message, wrong),
        () => ourNacl.sign.detached(message, wrong),
      );
      sameError(
        () => nacl.sign.detached.verify(message, wrong, publicKey),
        () => ourNacl.sign.detached.verify(message, wrong, publicKey),
      );
    }
    for (const wrong of [...wrongSizes(32), "text", undefined] as Bytes[]) {
      sameError(
        () => nacl.sign.detached.verify(message, signature, wrong),
        () => ourNacl.sign.detached.verify(message, signature, wrong),
      );
    }
    const text = "text" as unknown as Bytes;
    sameError(
      () => nacl.sign.detached(text, secretKey),
      () => ourNacl.sign.detached(text, secretKey),
    );
  });
});

describe("X25519 on Node's crypto", { timeout: patient(120_000) }, () => {
  it("agrees with tweetnacl on 1,000 random secrets", () => {
    for (let i = 0; i < 1_000; i += 1) {
      const [secretKey, publicKey] = [randomBytes(32), randomBytes(32)];
      const theirs = nacl.scalarMult(secretKey, publicKey);
      assert.deepEqual(ourNacl.scalarMult(secretKey, publicKey), theirs);
    }
  });

  it("makes key pairs that tweetnacl agrees with, 3,000 of them", () => {
    for (let i = 0; i < 3_000; i += 1) {
      const { publicKey, secretKey } = ourNacl.box.keyPair();
      if (isCompared(i)) {
        assert.deepEqual(publicKey, nacl.scalarMult.base(secretKey));
        const peer = randomBytes(32);
        const expected = nacl.scalarMult(secretKey, peer);
        assert.deepEqual(ourNacl.scalarMult(secretKey, peer), expected);
        assert.deepEqual(ourNacl.scalarMult(secretKey, peer), expected, "used again");
      }
    }
  });

  it("does not take another's secret key for that of the pair made last", () => {
    const [secretKey, peer] = [randomBytes(32), randomBytes(32)];
    ourNacl.box.keyPair();
    const expected = nacl.scalarMult(secretKey, peer);
    assert.deepEqual(ourNacl.scalarMult(secretKey, peer), expected);
  });

  it("agrees with tweetnacl at the edges, but refuses a shared secret of zeros", () => {
    const zeros = new Uint8Array(32);
    let refused = 0;
    for (const publicKey of EDGE_COORDINATES) {
      for (const secretKey of [zeros, Buffer.alloc(32, 0xff), randomBytes(32), randomBytes(32)]) {
        const theirs = nacl.scalarMult(secretKey, publicKey);
        const mine = (): Bytes => ourNacl.scalarMult(secretKey, publicKey);
        if (Buffer.compare(theirs, zeros) === 0) {
          assert.throws(mine, publicKey.toString("hex"));
          refused += 1;
        } else {
          assert.deepEqual(mine(), theirs, publicKey.toString("hex"));
        }
      }
    }
    assert.ok(refused > 20 && refused < EDGE_COORDINATES.length * 4, String(refused));
  });

  it("throws the errors of tweetnacl for wrong lengths and types", () => {
    const right = randomBytes(32);
    for (const wrong of [...wrongSizes(32), "text", undefined] as Bytes[]) {
      for (const [secretKey, publicKey] of [
        [wrong, right],
        [right, wrong],
      ] as const) {
        sameError(
          () => nacl.scalarMult(secretKey, publicKey),
          () => ourNacl.scalarMult(secretKey, publicKey),
        );
      }
    }
  });
});

describe("HKDF on Node's crypto", { timeout: patient(120_000) }, () => {
  it("gives the same bytes as futoin-hkdf, 5,000 times", () => {
    for (let i = 0; i < 5_000; i += 1) {
      const [salt, ikm, info] = [
        randomBytes(randomInt(200)),
        randomBytes(randomInt(200)),
        randomBytes(i % 1_100),
      ];
      const size = i % 330;
      const mine = ours.HKDF("sha512", salt, ikm, info, size);
      assert.deepEqual(mine, hapCrypto.HKDF("sha512", salt, ikm, info, size));
    }
  });

  it("equals futoin-hkdf at the edges, with other hashes, and with text", () => {
    const ikm = randomBytes(32);
    const text = "Control-Salt" as unknown as Bytes;
    for (const [hash, salt, info, size] of [
      ["sha512", ikm, ikm, 255 * 64],
      ["sha512", ikm, ikm, 255 * 64 + 1],
      ["sha512", ikm, ikm, 1.5],
      ["sha512", ikm, ikm, -1],
      ["sha512", randomBytes(1_025), ikm, 32],
      ["sha512", text, text, 32],
      ["SHA-512", ikm, ikm, 32],
      ["sha256", ikm, ikm, 32],
      ["nonsense", ikm, ikm, 32],
    ] as const) {
      const outcomes = [hapCrypto, ours].map((crypto) =>
        outcomeOf(() => crypto.HKDF(hash, salt, ikm, info, size)),
      );
      assert.deepEqual(outcomes[1], outcomes[0], `${hash} ${String(size)}`);
    }
  });

  it("is all that is replaced of hapCrypto without an AEAD, if hapCrypto has it", () => {
    assert.deepEqual(Object.keys(ours), ["HKDF"]);
    assert.deepEqual(hapCryptoOnNode({ HKDF: 1 }), {});
  });
});

describe("tweetnacl on Node's crypto", () => {
  it("keeps all members of the functions that are replaced", () => {
    const replaced = tweetnaclOnNode(nacl) as Record<string, object>;
    assert.deepEqual(Object.keys(replaced), ["sign", "box", "scalarMult"]);
    for (const [name, value] of Object.entries(replaced)) {
      assert.deepEqual(Object.keys(value), Object.keys((nacl as unknown as typeof replaced)[name] ?? {}));
    }
  });

  it("replaces nothing of a package with another shape", () => {
    for (const other of [undefined, {}, { ...nacl, scalarMult: undefined }, { ...nacl, sign: () => 1 }]) {
      assert.deepEqual(tweetnaclOnNode(other), {});
    }
  });
});

const hasAddon = engineInfo().file !== undefined;
const reason = hasAddon ? "" : " (skipped: the portable engine runs here)";

describe(`messages on the addon${reason}`, { skip: !hasAddon, timeout: patient(120_000) }, () => {
  const mine = hapCryptoOnNode(hapCrypto, hasAddon ? createNativeEngine().messages : undefined) as HapCrypto;
  const open = "chacha20_poly1305_decryptAndVerify";
  const seal = "chacha20_poly1305_encryptAndSeal";

  it("are sealed and opened as HAP-NodeJS does, 2,000 of up to a megabyte", () => {
    for (let i = 0; i < 2_000; i += 1) {
      const key = randomBytes(32);
      const nonce = randomBytes([8, 12, 0, 11][i % 4] ?? 8);
      const aad = [null, randomBytes(4), randomBytes(0), randomBytes(randomInt(100))][i % 4] ?? null;
      const text = randomBytes(i % 500 === 0 ? 1_048_575 : randomInt(3_000));
      const sealed = mine[seal](key, nonce, aad, text);
      assert.deepEqual(sealed, hapCrypto[seal](key, nonce, aad, text));
      assert.deepEqual(mine[open](key, nonce, aad, sealed.ciphertext, sealed.authTag), text);
    }
  });

  it("are refused in HAP-NodeJS's words if anything is damaged", () => {
    for (let i = 0; i < 500; i += 1) {
      const [key, nonce, aad, text] = [randomBytes(32), randomBytes(8), randomBytes(4), randomBytes(50)];
      const { ciphertext, authTag } = mine[seal](key, nonce, aad, text);
      const damaged = [key, nonce, aad, ciphertext, authTag][i % 5] ?? key;
      const place = randomInt(damaged.length);
      damaged[place] = (damaged[place] ?? 0) ^ (1 << randomInt(8));
      sameError(
        () => hapCrypto[open](key, nonce, aad, ciphertext, authTag),
        () => mine[open](key, nonce, aad, ciphertext, authTag),
      );
    }
  });

  it("are refused in HAP-NodeJS's words if a length or a type is wrong", () => {
    const [key, nonce, text, tag] = [randomBytes(32), randomBytes(8), randomBytes(50), randomBytes(16)];
    for (const wrong of [new Uint8Array(15), new Uint8Array(33), undefined] as Bytes[]) {
      for (const [k, n, t] of [
        [wrong, nonce, tag],
        [key, wrong, tag],
        [key, nonce, wrong],
      ] as const) {
        sameError(
          () => hapCrypto[open](k, n, null, text, t),
          () => mine[open](k, n, null, text, t),
        );
      }
      sameError(
        () => hapCrypto[seal](wrong, nonce, null, text),
        () => mine[seal](wrong, nonce, null, text),
      );
    }
  });

  it("are left to HAP-NodeJS if the portable engine runs", () => {
    const names = Object.keys(hapCryptoOnNode(hapCrypto, createPortableEngine().messages));
    assert.ok(!names.includes(seal) && !names.includes(open));
  });
});

/** Whether this Node refuses keys and signatures of a small order: 24.21 and 26 do, 20 and 22 don't. */
const refusesSmallOrder = !ourNacl.sign.detached.verify(
  Buffer.of(),
  Buffer.concat([EDGE_POINTS[0] ?? Buffer.of(), scalarBytes(0n)]),
  EDGE_POINTS[0] ?? Buffer.of(),
);

/** @returns Whether ours accepts. It must agree with tweetnacl, except in the cases in which it may be stricter. */
function verifyBoth(
  message: Bytes,
  signature: Bytes,
  publicKey: Bytes,
  theirs = nacl.sign.detached.verify(message, signature, publicKey),
): boolean {
  const mine = ourNacl.sign.detached.verify(message, signature, publicKey);
  const scalar = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString("hex")}`);
  const isSmall = [publicKey, signature.slice(0, 32)].some((point) => SMALL_ORDER.has(hexOf(point)));
  const isRefused = scalar >= ORDER || (refusesSmallOrder && isSmall);
  assert.equal(mine, theirs && !isRefused, [message, signature, publicKey].map(hexOf).join(" "));
  return mine;
}

function hexOf(bytes: Bytes): string {
  return Buffer.from(bytes).toString("hex");
}

function scalarBytes(scalar: bigint): Buffer {
  return Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
}

function wrongSizes(right: number): Bytes[] {
  return [0, right - 1, right + 1, right * 2].map((length) => new Uint8Array(length));
}

function sameError(theirs: () => unknown, mine: () => unknown): void {
  const expected = outcomeOf(theirs);
  assert.ok("message" in expected, "the original throws nothing");
  assert.deepEqual(outcomeOf(mine), expected);
}

function outcomeOf(act: () => unknown): { value: unknown } | { message: string } {
  try {
    return { value: act() };
  } catch (error) {
    return { message: (error as Error).message };
  }
}
