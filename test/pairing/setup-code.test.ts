/** Setup codes that are allowed, the QR code and the advertisement. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AccessoryPairing, MemoryStorage } from "hapwire/pairing";

import { isSetupCode, randomSetupCode, setupHashOf, setupUriOf } from "#src/pairing/setup-code";

describe("a setup code", () => {
  it("has the form XXX-XX-XXX", () => {
    assert.ok(isSetupCode("482-91-573"));
    for (const value of [
      "48291573",
      "482-915-73",
      "482-91-5734",
      " 482-91-573",
      "482-91-57a",
      "",
      48291573,
    ]) {
      assert.ok(!isSetupCode(value), String(value));
    }
  });

  it("is never a code that HAP does not allow", () => {
    for (let digit = 0; digit <= 9; digit += 1) {
      assert.ok(!isSetupCode("ddd-dd-ddd".replaceAll("d", String(digit))), String(digit));
    }
    assert.ok(!isSetupCode("123-45-678") && !isSetupCode("876-54-321"));
  });

  it("is allowed if it is random", () => {
    const codes = new Set(Array.from({ length: 200 }, randomSetupCode));
    assert.ok(codes.size > 190 && [...codes].every(isSetupCode));
  });

  it("is refused by its argument's name, and not shown", async () => {
    const opened = AccessoryPairing.open({ storage: new MemoryStorage(), setupCode: "123-45-678" });
    await assert.rejects(opened, ({ argument, message }: Error & { argument: string }) => {
      assert.equal(argument, "options.setupCode");
      return message.endsWith("received a string of 10 characters");
    });
  });
});

describe("the printed code and the advertisement of an accessory", () => {
  // 27 bits of code, the flag "by IP", 8 bits of category: as HAP-NodeJS encodes the same.
  it("is a QR code with the code, the category and the setup id", () => {
    for (const category of [1, 2, 5, 8, 17, 255]) {
      assert.equal(setupUriOf("031-45-154", "A1B2", category), hapNodeJsUri("031-45-154", "A1B2", category));
    }
  });

  it("is a hash of the setup id and the accessory's id", () => {
    // printf A1B21A:2B:3C:4D:5E:6F | sha512sum | xxd -r -p | head -c 4 | base64
    assert.equal(setupHashOf("A1B2", "1A:2B:3C:4D:5E:6F"), "o7CLwg==");
  });

  it("is a TXT record that says whether the accessory is paired", async () => {
    const storage = new MemoryStorage();
    const pairing = await AccessoryPairing.open({ storage });
    const {
      sh = "",
      id = "",
      ...others
    } = pairing.txtRecord({ model: "Lamp", category: 5, configuration: 3 });
    assert.equal(id, pairing.accessoryId);
    assert.equal(Buffer.from(sh, "base64").length, 4);
    const expected = { "c#": "3", ff: "0", md: "Lamp", pv: "1.1", "s#": "1", sf: "1", ci: "5" };
    assert.deepEqual(others, expected);
    const state = await storage.load();
    assert.ok(state !== undefined);
    const controller = { id: "admin", publicKey: "00".repeat(32), isAdmin: true };
    await storage.save({ ...state, controllers: [controller] });
    const paired = await AccessoryPairing.open({ storage });
    assert.equal(paired.txtRecord({ model: "Lamp", category: 5 })["sf"], "0");
  });

  it("is refused for an invalid category, model or configuration", async () => {
    const pairing = await AccessoryPairing.open({ storage: new MemoryStorage() });
    const wrong: [argument: string, call: () => unknown][] = [
      ["category", () => pairing.setupUri(0)],
      ["category", () => pairing.txtRecord({ model: "Lamp", category: 256 })],
      ["model", () => pairing.txtRecord({ model: "", category: 5 })],
      ["advertisement", () => pairing.txtRecord(undefined as never)],
      ["configuration", () => pairing.txtRecord({ model: "Lamp", category: 5, configuration: 0 })],
    ];
    for (const [argument, call] of wrong) {
      assert.throws(call, { code: "ERR_HAPWIRE_ARGUMENT", argument });
    }
  });
});

/** The same computation as two halves of 32 bits. */
function hapNodeJsUri(code: string, setupId: string, category: number): string {
  const low = (Number(code.replaceAll("-", "")) | (1 << 28) | ((category & 1) << 31)) >>> 0;
  const payload = low + (category >> 1) * 2 ** 32;
  return `X-HM://${payload.toString(36).toUpperCase().padStart(9, "0")}${setupId}`;
}
