/** Whatever strangers send to the pairing requests is answered, throws nowhere, and leaves the accessory as it was. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import fc from "fast-check";
import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";

import { Type } from "#src/pairing/protocol";
import { encodeTlv } from "#src/pairing/tlv";

import { AccessoryHome, openPaired, post } from "../support/accessory-home";
import type { Controller } from "../support/controller";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";
import { postTlv } from "../support/pairing";

const URLS = ["/pair-setup", "/pair-verify", "/pairings", "/identify"];
const anyUrl = fc.constantFrom(...URLS, "/pair-setup?x=1", "/pair-verify/", "//pair-setup");
const anyValue = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(1, 3, 5, 0).map((value) => Uint8Array.of(value)),
  fc
    .constantFrom(32, 64, 255, 384)
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
);
const anyMessage = fc.oneof(
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.tuple(fc.constantFrom(...Object.values(Type)), anyValue), { maxLength: 5 }).map(encodeTlv),
  // Steps as they should be, but for their contents.
  fc.tuple(fc.constantFrom(1, 3, 5), anyValue, anyValue, anyValue).map(([state, publicKey, proof, sealed]) =>
    encodeTlv([
      [Type.State, state],
      [Type.PublicKey, publicKey],
      [Type.Proof, proof],
      [Type.EncryptedData, sealed],
    ]),
  ),
);

for (const engine of transportEngines()) {
  describe(`strangers at the pairing requests (${engine})`, { timeout: patient(180_000) }, () => {
    it("get an answer to anything, with a status that HAP knows", async (t) => {
      const warnings = watchWarnings(t);
      const home = await AccessoryHome.open(t, { engine });
      let { controller } = await home.connect();
      await fc.assert(
        fc.asyncProperty(anyUrl, anyMessage, async (url, body) => {
          if (controller.isClosed) ({ controller } = await home.connect());
          const { status } = await postTlv(controller, url, body);
          assert.ok([200, 204, 400, 470].includes(status), String(status));
        }),
        { numRuns: 150 },
      );
      controller.destroy();
      assert.deepEqual(warnings, []);
      assert.ok(!home.pairing.isPaired);
    });

    it("change nothing for a controller that pairs, verifies and reads meanwhile", async (t) => {
      const { home, admin } = await openPaired(t, { engine });
      const { controller } = await home.verify(admin);
      const strangers = [await home.connect(), await home.connect(), await home.connect()];
      const bodies = fc.sample(anyMessage, { numRuns: 30, seed: 7 });
      await Promise.all([
        ...strangers.map(async (stranger) => bombard(stranger.controller, bodies)),
        verifyOften(home, admin),
      ]);
      assert.equal((await controller.get("/accessories")).status, 200);
      assert.equal(home.pairing.controllers.length, 1);
    });

    it("cost nothing if they go in the middle of a request or of an answer", async (t) => {
      const warnings = watchWarnings(t);
      const home = await AccessoryHome.open(t, { engine });
      for (const url of URLS) {
        const [early, late] = [await home.connect(), await home.connect()];
        early.controller.write(`POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`);
        late.controller.send("POST", url, { body: Buffer.from([Type.State, 1, 1]) });
        early.controller.socket.resetAndDestroy();
        late.controller.socket.resetAndDestroy();
        await Promise.all([early.controller.closed, late.controller.closed]);
      }
      while (home.server.connections.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await home.pair();
      assert.deepEqual(warnings, []);
    });

    it("get 413 for a body that no pairing has", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const { controller } = await home.connect();
      const { status } = await postTlv(controller, "/pair-setup", Buffer.alloc(2 ** 20 + 1));
      assert.equal(status, 413);
      const next = await home.connect();
      assert.equal((await post(next.controller, "/pair-setup", Buffer.alloc(2 ** 20))).status, 400);
    });
  });
}

async function bombard(controller: Controller, bodies: readonly Buffer[]): Promise<void> {
  for (const body of bodies) {
    await postTlv(controller, "/pair-verify", body);
  }
}

async function verifyOften(home: AccessoryHome, admin: PairingData): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const { controller } = await home.verify(admin);
    assert.equal((await controller.get("/accessories")).status, 200);
  }
}

/** The warnings until the test ends. A handler that throws causes one. */
function watchWarnings(t: TestContext): unknown[] {
  const warnings: unknown[] = [];
  const note = (warning: Error): void => {
    warnings.push(warning.message);
  };
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  return warnings;
}
