/** Ed25519 keys that Node has imported are kept for the next use, and no more of them than a home has. */

import assert from "node:assert/strict";
import crypto, { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { describe, it, mock, type TestContext } from "node:test";

import { tweetnaclOnNode } from "#src/homebridge/pairing-crypto";

import { patient } from "../support/patience";

interface Nacl {
  sign: {
    keyPair: () => { publicKey: Uint8Array; secretKey: Uint8Array };
    detached: ((message: Uint8Array, secretKey: Uint8Array) => Uint8Array) & {
      verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
    };
  };
}

/** Far more than a process has accessories, or a home has controllers. */
const MANY = 1000;
const MESSAGE = Buffer.from("message");

const { sign } = tweetnaclOnNode(
  createRequire(require.resolve("@homebridge/hap-nodejs"))("tweetnacl"),
) as Nacl;

/** Counts the keys that Node imports from now on. */
function countImports(t: TestContext): () => number {
  const imports = [mock.method(crypto, "createPublicKey"), mock.method(crypto, "createPrivateKey")];
  t.after(() => {
    mock.restoreAll();
  });
  return () => imports.reduce((sum, { mock: { calls } }) => sum + calls.length, 0);
}

describe("the keys that are remembered", { timeout: patient(60_000) }, () => {
  it("are bounded in number when controllers are verified", (t) => {
    const signature = randomBytes(64);
    const publicKey = randomBytes(32);
    const verify = (key: Uint8Array): boolean => sign.detached.verify(MESSAGE, signature, key);
    const count = countImports(t);
    verify(publicKey);
    verify(publicKey);
    assert.equal(count(), 1, "the key was imported for each use");
    for (let i = 0; i < MANY; i += 1) {
      verify(randomBytes(32));
    }
    verify(publicKey);
    assert.equal(count(), MANY + 2, `a key is still remembered after ${String(MANY)} others`);
  });

  it("are bounded in number when accessories sign", (t) => {
    const [first, ...others] = Array.from({ length: MANY }, () => sign.keyPair().secretKey);
    assert.ok(first !== undefined);
    const count = countImports(t);
    sign.detached(MESSAGE, first);
    const forOne = count();
    sign.detached(MESSAGE, first);
    assert.equal(count(), forOne, "the key was imported for each use");
    for (const other of others) {
      sign.detached(MESSAGE, other);
    }
    sign.detached(MESSAGE, first);
    assert.equal(count(), forOne * (MANY + 1), `a key is still remembered after ${String(MANY)} others`);
  });
});
