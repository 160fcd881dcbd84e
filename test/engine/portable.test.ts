/** What only the portable engine has: its choice of the AEAD, and keys that JavaScript must wipe itself. */

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { createRequire } from "node:module";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPortableEngine } from "#src/engine/portable";
import type { SodiumNative } from "#src/engine/portable/aead";
import { SessionKey } from "#src/engine/portable/session-key";
import { EngineError, FrameError } from "#src/errors";

import { HAS_SODIUM, NO_SODIUM } from "../support/sodium";

describe("portable engine", () => {
  it(`names itself and its AEAD${NO_SODIUM}`, { skip: !HAS_SODIUM }, () => {
    const engine = createPortableEngine({ sodium: true });
    assert.equal(engine.name, "portable");
    assert.equal(engine.addon, undefined);
    assert.match(engine.aead, /^sodium-native \d+\.\d+\.\d+$/);
    assert.equal(createPortableEngine().aead, engine.aead);
    const openssl = `node:crypto (OpenSSL ${process.versions.openssl})`;
    assert.equal(createPortableEngine({ sodium: false }).aead, openssl);
  });

  it(`does without sodium-native if it is not installed${NO_SODIUM}`, { skip: !HAS_SODIUM }, () => {
    withoutSodium(() => {
      assert.match(createPortableEngine().aead, /^node:crypto/);
      assert.throws(() => createPortableEngine({ sodium: true }), EngineError);
    });
    assert.match(createPortableEngine().aead, /^sodium-native/);
  });

  it(
    `names the package to install if node:crypto has no ChaCha20-Poly1305, as in Bun${NO_SODIUM}`,
    { skip: !HAS_SODIUM },
    (t) => {
      t.mock.method(crypto, "getCiphers", () => ["aes-128-gcm"]);
      withoutSodium(() => {
        assert.throws(() => createPortableEngine(), {
          code: "ERR_HAPWIRE_ENGINE",
          message: /npm install sodium-native$/,
        });
      });
      assert.match(createPortableEngine().aead, /^sodium-native/);
    },
  );

  for (const [library, options, mocked] of [
    ["node:crypto", { skip: false }, mockNodeCipher],
    [`sodium-native${NO_SODIUM}`, { skip: !HAS_SODIUM }, mockSodiumCipher],
  ] as const) {
    it(`gives no nonce out again if ${library} fails in the middle of a message`, options, (t) => {
      const engine = createPortableEngine({ sodium: library !== "node:crypto" });
      const sealer = engine.createSealer(Buffer.alloc(32, 1), 7n);
      const failure = new Error("out of memory");
      const restore = mocked(t, failure);
      assert.throws(() => sealer.seal([Buffer.alloc(1500)], 1500), {
        name: "FrameError",
        code: "ERR_HAPWIRE_CIPHER",
        cause: failure,
      });
      restore();
      assert.equal(sealer.counter, 9n);
      assert.throws(() => sealer.seal([Buffer.alloc(1)], 1), { code: "ERR_HAPWIRE_CODEC_CLOSED" });
    });
  }

  it("wipes a key that is done with", () => {
    const key = new SessionKey(Buffer.alloc(32, 1));
    const { bytes } = key;
    key.wipe();
    key.wipe();
    assert.deepEqual(bytes, Buffer.alloc(32));
    assert.throws(() => key.bytes, FrameError);
  });

  it("wipes a key that is collected", async () => {
    const collectGarbage = exposeGarbageCollector();
    const bytes = bytesOfDroppedKey();
    assert.deepEqual(bytes, Buffer.alloc(32, 1));
    for (let turn = 0; turn < 100 && bytes[0] !== 0; turn += 1) {
      collectGarbage();
      await delay(1);
    }
    assert.deepEqual(bytes, Buffer.alloc(32));
  });
});

/** The second frame that `node:crypto` is to seal fails. @returns What undoes that. */
function mockNodeCipher(t: TestContext, failure: Error): () => void {
  const { mock } = t.mock.method(crypto, "createCipheriv");
  mock.mockImplementationOnce(() => {
    throw failure;
  }, 1);
  return () => {
    mock.restore();
  };
}

/** As {@link mockNodeCipher}. */
function mockSodiumCipher(t: TestContext, failure: Error): () => void {
  const sodium = createRequire(__filename)("sodium-native") as SodiumNative;
  const { mock } = t.mock.method(sodium, "crypto_aead_chacha20poly1305_ietf_encrypt");
  mock.mockImplementationOnce(() => {
    throw failure;
  }, 1);
  return () => {
    mock.restore();
  };
}

/** Apart, so that no reference to the key is left on the stack. */
function bytesOfDroppedKey(): Buffer {
  return new SessionKey(Buffer.alloc(32, 1)).bytes;
}

function exposeGarbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Makes `require("sodium-native")` throw while `run` runs. */
function withoutSodium(run: () => void): void {
  const file = require.resolve("sodium-native");
  const loaded = require.cache[file];
  assert.ok(loaded);
  const { exports } = loaded as { exports: unknown };
  Object.defineProperty(loaded, "exports", {
    configurable: true,
    get: () => {
      throw new Error("not installed");
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(loaded, "exports", { configurable: true, writable: true, value: exports });
  }
}
