/** The cryptography of pairing beside independent implementations and published vectors. */

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { describe, it, type TestContext } from "node:test";

import {
  deriveKey,
  exchangeKeys,
  isSignedBy,
  openMessage,
  sealMessage,
  SigningKey,
} from "#src/pairing/pairing-crypto";
import { SrpThread } from "#src/pairing/srp-thread";

import { patient } from "../support/patience";
import { bytesOf, PRIME, SrpClient } from "../support/srp-client";

const CODE = "482-91-573";

describe("SRP in its thread", { timeout: patient(60_000) }, () => {
  it("agrees on a key with an implementation by BigInt", async (t) => {
    for (let round = 0; round < 3; round += 1) {
      const { thread, salt, publicKey } = await startThread(t);
      assert.deepEqual([salt.length, publicKey.length], [16, 384]);
      const client = new SrpClient(CODE);
      const { key, proof, expected } = client.respondTo(salt, publicKey);
      const result = await thread.prove(client.publicKey, proof);
      assert.ok(result !== undefined);
      assert.deepEqual([Buffer.from(result.proof), Buffer.from(result.key)], [expected, key]);
    }
  });

  it("gives each pair-setup another salt and key", async (t) => {
    const [first, second] = [await startThread(t), await startThread(t)];
    assert.notDeepEqual(first.salt, second.salt);
    assert.notDeepEqual(first.publicKey, second.publicKey);
  });

  it("refuses a wrong code, a wrong proof, and numbers that would give the key away", async (t) => {
    const wrongCode = await startThread(t);
    const stranger = new SrpClient("111-22-333");
    const claim = stranger.respondTo(wrongCode.salt, wrongCode.publicKey);
    assert.equal(await wrongCode.thread.prove(stranger.publicKey, claim.proof), undefined);
    for (const number of [0n, PRIME]) {
      const { thread } = await startThread(t);
      assert.equal(await thread.prove(bytesOf(number), claim.proof), undefined);
    }
    for (const publicKey of [Buffer.alloc(0), Buffer.alloc(385, 1)]) {
      const { thread } = await startThread(t);
      assert.equal(await thread.prove(publicKey, claim.proof), undefined);
    }
    const short = await startThread(t);
    assert.equal(await short.thread.prove(stranger.publicKey, Buffer.alloc(0)), undefined);
  });

  it("answers nothing once it has been ended, in the middle or before", async () => {
    const thread = new SrpThread();
    const answer = thread.start(CODE);
    thread.end();
    assert.equal(await answer, undefined);
    assert.equal(await thread.prove(Buffer.alloc(1), Buffer.alloc(64)), undefined);
  });
});

describe("the keys of pairing", () => {
  it("are HKDF-SHA-512 of RFC 5869", () => {
    for (let round = 0; round < 20; round += 1) {
      const secret = randomBytes(1 + 3 * round);
      assert.deepEqual(deriveKey(secret, "Pair-Salt", "Pair-Info"), hkdf(secret, "Pair-Salt", "Pair-Info"));
    }
  });

  it("sign as Ed25519 does in the vectors of RFC 8032 §7.1", () => {
    for (const { seed, publicKey, message, signature } of SIGNATURES) {
      const key = new SigningKey(Buffer.from(seed, "hex"));
      assert.equal(key.publicKey.toString("hex"), publicKey);
      const bytes = Buffer.from(message, "hex");
      assert.equal(key.sign(bytes).toString("hex"), signature);
      assert.ok(isSignedBy(key.publicKey, bytes, Buffer.from(signature, "hex")));
      assert.ok(
        !isSignedBy(key.publicKey, Buffer.concat([bytes, Buffer.of(0)]), Buffer.from(signature, "hex")),
      );
    }
  });

  it("refuse signatures and public keys of any other length", () => {
    const key = new SigningKey(randomBytes(32));
    const signature = key.sign(Buffer.from("text"));
    for (const length of [0, 1, 31, 33, 64]) {
      assert.ok(!isSignedBy(Buffer.alloc(length, 1), Buffer.from("text"), signature));
    }
    for (const length of [0, 63, 65, 1000]) {
      assert.ok(!isSignedBy(key.publicKey, Buffer.from("text"), Buffer.alloc(length, 1)));
    }
  });

  it("exchange one secret by X25519, and none with a point of a small order", () => {
    const ours = exchangeKeys(Buffer.alloc(32, 9));
    assert.ok(ours?.sharedSecret.length === 32 && ours.publicKey.length === 32);
    const smallOrder = [Buffer.alloc(32), Buffer.alloc(32).fill(1, 0, 1)];
    for (const point of [...smallOrder, Buffer.alloc(31, 9), Buffer.alloc(0)]) {
      assert.equal(exchangeKeys(point), undefined);
    }
  });

  it("seal messages that nobody can change", () => {
    const key = randomBytes(32);
    const sealed = sealMessage(key, "PS-Msg05", Buffer.from("text"));
    assert.equal(openMessage(key, "PS-Msg05", sealed)?.toString(), "text");
    assert.equal(openMessage(key, "PS-Msg06", sealed), undefined);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(openMessage(key, "PS-Msg05", changed), undefined);
    }
    for (let length = 0; length < 16; length += 1) {
      assert.equal(openMessage(key, "PS-Msg05", sealed.subarray(0, length)), undefined);
    }
  });
});

/** A thread that has answered M1. */
async function startThread(
  t: TestContext,
): Promise<{ thread: SrpThread; salt: Uint8Array; publicKey: Uint8Array }> {
  const thread = new SrpThread();
  t.after(() => {
    thread.end();
  });
  const offer = await thread.start(CODE);
  assert.ok(offer !== undefined);
  return { thread, ...offer };
}

/** Extract, then one block of expand. [RFC 5869 §2] */
function hkdf(secret: Buffer, salt: string, info: string): Buffer {
  const extracted = createHmac("sha512", salt).update(secret).digest();
  return createHmac("sha512", extracted).update(`${info}\u0001`).digest().subarray(0, 32);
}

const SIGNATURES = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
];
