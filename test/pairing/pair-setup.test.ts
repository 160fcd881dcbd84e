/** Pair-setup: by hap-controller as it should be, and all that can go wrong on the way from M1 to M6. */

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { once } from "node:events";
import { describe, it } from "node:test";

import { SRP } from "fast-srp-hap";
import { MemoryStorage } from "hapwire/pairing";

import { PairingError, Type } from "#src/pairing/protocol";
import { createState, type PairingState } from "#src/pairing/state";

import { AccessoryHome, dataOf, idOf, post, SETUP_CODE, setUpToM4 } from "../support/accessory-home";
import { transportEngines, whenClosed } from "../support/harness";
import { patient } from "../support/patience";
import { postTlv } from "../support/pairing";
import { SrpClient } from "../support/srp-client";

const M1 = [[Type.State, 1]] as const;
const MINUTE = 60_000;

for (const engine of transportEngines()) {
  describe(`pair-setup (${engine})`, { timeout: patient(120_000) }, () => {
    it("makes a controller with the setup code the first admin", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const paired = once(home.pairing, "paired");
      const data = await home.pair();
      await paired;
      assert.ok(home.pairing.isPaired);
      assert.deepEqual(home.pairing.controllers, [
        { id: idOf(data), publicKey: data.iOSDeviceLTPK, isAdmin: true },
      ]);
      assert.equal(Buffer.from(data.AccessoryPairingID, "hex").toString(), home.pairing.accessoryId);
    });

    it("refuses a wrong setup code, and takes the right one after it on the same connection", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const { controller } = await home.connect();
      await assert.rejects(setUpToM4(controller, "111-22-333"), /Error: 2/);
      assert.ok(!home.pairing.isPaired);
      const protocol = await setUpToM4(controller);
      const m6 = await postTlv(controller, "/pair-setup", await protocol.buildPairSetupM5());
      await protocol.parsePairSetupM6(m6.body);
      assert.ok(home.pairing.isPaired);
    });

    it("answers Unavailable once the accessory is paired, also to the admin", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const data = await home.pair();
      for (const { controller } of [await home.connect(), await home.verify(data)]) {
        assert.deepEqual((await post(controller, "/pair-setup", M1)).outcome, [2, PairingError.Unavailable]);
      }
    });
  });
}

describe("pair-setup for one controller at a time", { timeout: patient(120_000) }, () => {
  it("answers Busy to a second one until the first is done or gone", async (t) => {
    const home = await AccessoryHome.open(t);
    const [first, second] = [await home.connect(), await home.connect()];
    const protocol = await setUpToM4(first.controller);
    assert.deepEqual((await post(second.controller, "/pair-setup", M1)).outcome, [2, PairingError.Busy]);
    // The other's steps are not the second one's to take.
    const stolen = await post(second.controller, "/pair-setup", await protocol.buildPairSetupM5());
    assert.deepEqual([stolen.status, ...stolen.outcome], [400, 6, PairingError.Unknown]);
    first.controller.destroy();
    await whenClosed(first.connection);
    await setUpToM4(second.controller);
  });

  it("frees the place if the controller is gone in the middle of a step", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller, connection } = await home.connect();
    controller.send("POST", "/pair-setup", { body: Buffer.from([Type.State, 1, 1]) });
    await once(home.server, "request");
    controller.destroy();
    await whenClosed(connection);
    await home.pair();
  });

  it("frees the place after three minutes, and answers nothing for the controller that took them", async (t) => {
    const home = await AccessoryHome.open(t);
    const [first, second] = [await home.connect(), await home.connect()];
    const protocol = await setUpToM4(first.controller);
    home.clock.advance(3 * MINUTE - 1);
    assert.deepEqual((await post(second.controller, "/pair-setup", M1)).outcome, [2, PairingError.Busy]);
    home.clock.advance(1);
    const late = await post(first.controller, "/pair-setup", await protocol.buildPairSetupM5());
    assert.deepEqual([late.status, ...late.outcome], [400, 6, PairingError.Unknown]);
    await setUpToM4(second.controller);
  });

  it("answers Busy to a controller that begins again before its answer has come", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const m1 = controller.request("POST", "/pair-setup", { body: Buffer.from([Type.State, 1, 1]) });
    controller.write(
      Buffer.concat([m1, controller.request("POST", "/pair-setup", { body: Buffer.from([6, 1, 1]) })]),
    );
    const states = [await controller.nextResponse(), await controller.nextResponse()];
    assert.ok(states[0]?.body.includes(Buffer.from([Type.PublicKey, 255])));
    assert.deepEqual(states[1]?.body, Buffer.from([6, 1, 2, 7, 1, PairingError.Busy]));
  });
});

describe("pair-setup under attack", { timeout: patient(120_000) }, () => {
  it("answers MaxTries after 100 wrong codes, also after a restart", async (t) => {
    const storage = storageWith({ failedAttempts: 99 });
    const home = await AccessoryHome.open(t, { storage });
    await assert.rejects(setUpToM4((await home.connect()).controller, "111-22-333"), /Error: 2/);
    const restarted = await AccessoryHome.open(t, { storage });
    for (const { controller } of [await home.connect(), await restarted.connect()]) {
      assert.deepEqual((await post(controller, "/pair-setup", M1)).outcome, [2, PairingError.MaxTries]);
    }
  });

  it("counts a try before it looks at the proof, and forgets the tries at the right code", async (t) => {
    const storage = storageWith({ failedAttempts: 7 });
    const counts: number[] = [];
    const save = storage.save.bind(storage);
    storage.save = async (state) => {
      counts.push(state.failedAttempts);
      return save(state);
    };
    const home = await AccessoryHome.open(t, { storage });
    await setUpToM4((await home.connect()).controller);
    assert.deepEqual(counts, [8, 0]);
  });

  it("refuses transient and split pair-setup, and takes any method of pair-setup and other flags", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const flags = [Buffer.of(0x10), Buffer.from([0, 0, 0, 1]), Buffer.from([0x10, 0, 0, 1, 0, 0, 0, 0])];
    for (const value of flags) {
      const { outcome } = await post(controller, "/pair-setup", [...M1, [Type.Flags, value]]);
      assert.deepEqual(outcome, [2, PairingError.Unavailable]);
    }
    const foreign = await post(controller, "/pair-setup", [...M1, [Type.Method, 3]]);
    assert.deepEqual([foreign.status, ...foreign.outcome], [400, 2, PairingError.Unknown]);
    for (const method of [0, 1]) {
      const { outcome } = await post(controller, "/pair-setup", [
        ...M1,
        [Type.Method, method],
        [Type.Flags, 0],
      ]);
      assert.deepEqual(outcome, [2, undefined]);
    }
  });

  it("answers Unknown to steps out of their order, and to steps without their items", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    for (const [state, answered] of [
      [3, 4],
      [5, 6],
      [2, 2],
      [0, 2],
      [255, 2],
    ] as const) {
      const { status, outcome } = await post(controller, "/pair-setup", [[Type.State, state]]);
      assert.deepEqual([status, ...outcome], [400, answered, PairingError.Unknown]);
    }
    const missing = [
      [[Type.PublicKey, Buffer.alloc(384, 1)]],
      [[Type.Proof, Buffer.alloc(64)]],
      [
        [Type.PublicKey, Buffer.alloc(385, 1)],
        [Type.Proof, Buffer.alloc(64)],
      ],
      [
        [Type.PublicKey, Buffer.alloc(384, 1)],
        [Type.Proof, Buffer.alloc(63)],
      ],
    ] as const;
    for (const items of missing) {
      await post(controller, "/pair-setup", M1);
      const { status, outcome } = await post(controller, "/pair-setup", [[Type.State, 3], ...items]);
      assert.deepEqual([status, ...outcome], [400, 4, PairingError.Unknown]);
    }
    assert.deepEqual((await home.state()).failedAttempts, 0);
  });

  it("refuses an M5 that is not sealed with the key, and is over then", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const protocol = await setUpToM4(controller);
    const m5 = await protocol.buildPairSetupM5();
    const forged = Buffer.from(m5).fill(m5.at(-1) === 0 ? 1 : 0, m5.length - 1);
    assert.deepEqual((await post(controller, "/pair-setup", forged)).outcome, [
      6,
      PairingError.Authentication,
    ]);
    const again = await post(controller, "/pair-setup", m5);
    assert.deepEqual([again.status, ...again.outcome], [400, 6, PairingError.Unknown]);
    assert.ok(!home.pairing.isPaired);
  });

  it("refuses a controller whose signature is not its own", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const protocol = await setUpToM4(controller);
    // hap-controller signs with the key that it makes here.
    const verifyKeys = t.mock.method(crypto, "verify", () => false);
    const { outcome } = await post(controller, "/pair-setup", await protocol.buildPairSetupM5());
    assert.deepEqual(outcome, [6, PairingError.Authentication]);
    assert.equal(verifyKeys.mock.callCount(), 1);
    assert.ok(!home.pairing.isPaired);
  });
});

describe("pair-setup and its surroundings", { timeout: patient(120_000) }, () => {
  it("computes nothing of SRP on the event loop", async (t) => {
    const home = await AccessoryHome.open(t);
    const prototype = Object.getPrototypeOf(SRP.params.hap.N) as { modPow: () => never };
    const power = t.mock.method(prototype, "modPow", () => {
      throw new Error("the event loop waits for SRP");
    });
    const { controller } = await home.connect();
    const client = new SrpClient(SETUP_CODE);
    const { items } = await post(controller, "/pair-setup", M1);
    const claim = client.respondTo(itemOf(items, Type.Salt), itemOf(items, Type.PublicKey));
    const m4 = await post(controller, "/pair-setup", [
      [Type.State, 3],
      [Type.PublicKey, client.publicKey],
      [Type.Proof, claim.proof],
    ]);
    assert.deepEqual(itemOf(m4.items, Type.Proof), claim.expected);
    assert.equal(power.mock.callCount(), 0);
  });

  it("answers 500 if the storage fails, changes nothing, and works when it is well again", async (t) => {
    const storage = new MemoryStorage();
    const home = await AccessoryHome.open(t, { storage });
    const { controller } = await home.connect();
    const protocol = await setUpToM4(controller);
    const warning = once(process, "warning");
    const save = t.mock.method(storage, "save", () => Promise.reject(new Error("the disk is full")));
    assert.equal((await postTlv(controller, "/pair-setup", await protocol.buildPairSetupM5())).status, 500);
    assert.match(String(await warning), /the disk is full/);
    assert.ok(!home.pairing.isPaired);
    save.mock.restore();
    await home.pair();
  });

  it("wipes the keys that it has derived", async (t) => {
    const home = await AccessoryHome.open(t);
    const derived: ArrayBuffer[] = [];
    const { hkdfSync } = crypto;
    t.mock.method(crypto, "hkdfSync", (...args: Parameters<typeof hkdfSync>) => {
      const key = hkdfSync(...args);
      if (args[2] === "Pair-Setup-Encrypt-Salt") derived.push(key);
      return key;
    });
    await home.pair();
    assert.deepEqual(derived.map(isWiped), [true]);
  });

  it("identifies an accessory that nobody is paired with, and no other", async (t) => {
    const home = await AccessoryHome.open(t);
    const identify = once(home.pairing, "identify");
    const client = home.client();
    await client.identify();
    await identify;
    await client.pairSetup(SETUP_CODE);
    await assert.rejects(home.client(dataOf(client)).identify(), /400/);
  });
});

function itemOf(items: ReadonlyMap<number, Buffer>, type: number): Buffer {
  const value = items.get(type);
  assert.ok(value !== undefined);
  return value;
}

function isWiped(bytes: ArrayBuffer): boolean {
  return Buffer.from(bytes).every((byte) => byte === 0);
}

function storageWith(fields: Partial<PairingState>): MemoryStorage {
  const storage = new MemoryStorage();
  void storage.save({ ...createState(), ...fields });
  return storage;
}
