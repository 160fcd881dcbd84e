/** Pair-verify: paired controllers get a secured connection, strangers an error, and neither can be confused. */

import assert from "node:assert/strict";
import crypto from "node:crypto";
import { describe, it } from "node:test";

import PairingProtocol from "hap-controller/lib/protocol/pairing-protocol";

import type { HAPConnection } from "#src/connection";
import { PairVerify } from "#src/pairing/pair-verify";
import { PairingRecord } from "#src/pairing/pairing-record";
import { PairingError, Type } from "#src/pairing/protocol";
import { decodeTlv, encodeTlv } from "#src/pairing/tlv";

import { AccessoryHome, openPaired, idOf, post, type TlvAnswer } from "../support/accessory-home";
import type { Pair } from "../support/harness";
import { transportEngines, whenClosed } from "../support/harness";
import { patient } from "../support/patience";
import { postTlv, User } from "../support/pairing";

const UNAUTHORIZED = 470;

for (const engine of transportEngines()) {
  describe(`pair-verify (${engine})`, { timeout: patient(60_000) }, () => {
    it("secures the connection of a paired controller, by its identifier", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const data = await home.pair();
      const { controller, connection } = await home.verify(data);
      assert.equal((await controller.get("/accessories")).body.toString(), "{}");
      assert.ok(connection.isAuthenticated());
      assert.equal(connection.username, idOf(data));
    });

    it("lets paired controllers read and nobody else", async (t) => {
      const home = await AccessoryHome.open(t, { engine });
      const { controller } = await home.connect();
      for (const [method, url] of [
        ["GET", "/accessories"],
        ["GET", "/characteristics?id=1.9"],
        ["PUT", "/characteristics"],
        ["POST", "/pairings"],
        ["GET", "/anything"],
      ] as const) {
        const { status, body } = await controller.fetch(method, url, method === "GET" ? {} : { body: "{}" });
        assert.deepEqual([status, body.toString()], [UNAUTHORIZED, '{"status":-70401}'], url);
      }
      for (const url of ["/pair-setup", "/pair-verify", "/identify"]) {
        assert.equal((await controller.get(url)).status, 405, url);
      }
    });

    it("verifies two controllers, each on connections of its own", async (t) => {
      const { home, admin } = await openPaired(t, { engine });
      const guest = await home.add(admin, false);
      const pairs = [await home.verify(admin), await home.verify(guest), await home.verify(admin)];
      for (const { controller } of pairs) {
        assert.equal((await controller.get("/accessories")).status, 200);
      }
      const names = pairs.map(({ connection }) => connection.username);
      assert.deepEqual(names, [idOf(admin), idOf(guest), idOf(admin)]);
    });
  });
}

describe("pair-verify of strangers", { timeout: patient(60_000) }, () => {
  it("answers Authentication to a controller that is not paired", async (t) => {
    const { home, admin: data } = await openPaired(t);
    const stranger = new User().pairingWith({ username: home.pairing.accessoryId, signPk: Buffer.alloc(32) });
    const pair = await home.connect();
    const m4 = await verify(pair, new PairingProtocol({ ...stranger, AccessoryLTPK: data.AccessoryLTPK }));
    assert.deepEqual(m4.outcome, [4, PairingError.Authentication]);
    assert.ok(!pair.connection.isAuthenticated());
    assert.equal((await pair.controller.get("/accessories")).status, UNAUTHORIZED);
  });

  it("answers Authentication to the identifier of a paired controller with another key", async (t) => {
    const { home, admin: data } = await openPaired(t);
    const impostor = new User().pairingWith({ username: "", signPk: Buffer.alloc(32) });
    const { iOSDeviceLTPK, iOSDeviceLTSK } = impostor;
    const m4 = await verify(
      await home.connect(),
      new PairingProtocol({ ...data, iOSDeviceLTPK, iOSDeviceLTSK }),
    );
    assert.deepEqual(m4.outcome, [4, PairingError.Authentication]);
  });

  it("refuses an M3 that comes twice, that belongs to another connection, or that was changed", async (t) => {
    const { home, admin: data } = await openPaired(t);
    const [first, second] = [await home.connect(), await home.connect()];
    const [m3, other] = [
      await toM3(first, new PairingProtocol(data)),
      await toM3(second, new PairingProtocol(data)),
    ];
    assert.deepEqual((await post(first.controller, "/pair-verify", other)).outcome, [4, 2]);
    // A failed M3 ends the pair-verify.
    const { status, outcome } = await post(first.controller, "/pair-verify", m3);
    assert.deepEqual([status, ...outcome], [400, 4, PairingError.Unknown]);
    const changed = Buffer.from(other).fill(other.at(-1) === 0 ? 1 : 0, other.length - 1);
    assert.deepEqual((await post(second.controller, "/pair-verify", changed)).outcome, [4, 2]);
    assert.ok(!first.connection.isAuthenticated() && !second.connection.isAuthenticated());
  });

  it("answers Unknown to invalid keys and to steps out of order", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const requests = [
      [[Type.State, 1]],
      ...[0, 31, 32, 33].map((length) => [
        [Type.State, 1],
        [Type.PublicKey, Buffer.alloc(length)],
      ]),
      [[Type.PublicKey, Buffer.alloc(32, 9)]],
      [[Type.State, 2]],
      [
        [Type.State, 3],
        [Type.EncryptedData, Buffer.alloc(100)],
      ],
    ] as [number, number | Buffer][][];
    for (const items of requests) {
      const { status, outcome } = await post(controller, "/pair-verify", items);
      assert.deepEqual([status, outcome[1]], [400, PairingError.Unknown]);
    }
  });

  it("answers Unknown on a connection that is secured already, which goes on", async (t) => {
    const { home, admin: data } = await openPaired(t);
    const { controller } = await home.verify(data);
    const m1 = await new PairingProtocol(data).buildPairVerifyM1();
    const { status, outcome } = await post(controller, "/pair-verify", m1);
    assert.deepEqual([status, ...outcome], [400, 2, PairingError.Unknown]);
    assert.equal((await controller.get("/accessories")).status, 200);
  });
});

describe("a pair-verify whose pairing is removed before its last answer is out", () => {
  it("closes the connection, and secures nothing", async (t) => {
    const { home, admin } = await openPaired(t);
    const record = await PairingRecord.open(home.storage);
    const calls: string[] = [];
    const connection = {
      isAuthenticated: () => false,
      once: () => undefined,
      ...Object.fromEntries(
        ["close", "secure", "connectionAuthenticated"].map((name) => [name, () => calls.push(name)]),
      ),
    } as unknown as HAPConnection;
    const accessory = new PairVerify(record);
    const answer = (message: Buffer): ReturnType<PairVerify["answer"]> => {
      const items = decodeTlv(message);
      assert.ok(items !== undefined);
      return accessory.answer(connection, items);
    };
    const controller = new PairingProtocol(admin);
    const m2 = encodeTlv(answer(await controller.buildPairVerifyM1()).items);
    await controller.parsePairVerifyM2(m2);
    const m4 = answer(await controller.buildPairVerifyM3());
    assert.ok(m4.afterwards !== undefined);
    await record.update((state) => ({ ...state, controllers: [] }));
    m4.afterwards();
    assert.deepEqual(calls, ["close"]);
  });
});

describe("the keys of pair-verify", { timeout: patient(60_000) }, () => {
  it("are wiped when the connection is secured, when it closes, and when M1 comes again", async (t) => {
    const { home, admin: data } = await openPaired(t);
    const secrets: Uint8Array[] = [];
    const { diffieHellman, hkdfSync } = crypto;
    t.mock.method(crypto, "diffieHellman", (...args: Parameters<typeof diffieHellman>) => {
      const secret = diffieHellman(...args);
      secrets.push(secret);
      return secret;
    });
    t.mock.method(crypto, "hkdfSync", (...args: Parameters<typeof hkdfSync>) => {
      const key = hkdfSync(...args);
      secrets.push(new Uint8Array(key));
      return key;
    });
    const areWiped = (): boolean => secrets.every((secret) => secret.every((byte) => byte === 0));

    await home.verify(data);
    assert.equal(secrets.length, 4);
    assert.ok(areWiped(), "after M4");

    const pair = await home.connect();
    await toM3(pair, new PairingProtocol(data));
    assert.ok(!areWiped());
    const before = secrets.length;
    await toM3(pair, new PairingProtocol(data));
    assert.ok(
      secrets.slice(0, before).every((secret) => secret.every((byte) => byte === 0)),
      "after M1",
    );
    pair.controller.destroy();
    await whenClosed(pair.connection);
    assert.ok(areWiped(), "after the end");
  });
});

/** Does M1 and M2. @returns M3. */
async function toM3({ controller }: Pair, protocol: PairingProtocol): Promise<Buffer> {
  const m2 = await postTlv(controller, "/pair-verify", await protocol.buildPairVerifyM1());
  await protocol.parsePairVerifyM2(m2.body);
  return protocol.buildPairVerifyM3();
}

async function verify(pair: Pair, protocol: PairingProtocol): Promise<TlvAnswer> {
  return post(pair.controller, "/pair-verify", await toM3(pair, protocol));
}
