/** Pairing with HAP-NodeJS on hapwire, by hap-controller: pair-setup, pair-verify, further pairings, and their end. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";

import PairingProtocol from "hap-controller/lib/protocol/pairing-protocol";
import { decodeBuffer } from "hap-controller/lib/model/tlv";

import {
  BridgeHome,
  hap,
  accessory,
  idOf,
  parseId,
  PermissionTypes,
  PIN,
  put,
  type Verified,
} from "../support/hap-nodejs";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";
import { postTlv, User } from "../support/pairing";

const { Characteristic, Service } = hap;
/** What HAP answers to those that have not verified. */
const UNAUTHORIZED = 470;
const TLV_ERROR = 7;
const AUTHENTICATION = 2;

for (const engine of transportEngines()) {
  describe(`pairing with HAP-NodeJS (${engine})`, { timeout: patient(60_000) }, () => {
    it("pairs by the setup code, verifies, and reads", async (t) => {
      const home = await BridgeHome.open(t, engine, [accessory("Lamp")]);
      const newcomer = home.client();
      await newcomer.pairSetup(PIN);
      const pairing = newcomer.getLongTermData();
      assert.ok(pairing !== null && home.info.paired());
      const authenticated = new Promise((resolve) => {
        home.server.once("connection-opened", (connection) => connection.once("authenticated", resolve));
      });
      const { accessories } = await home.client(pairing).getAccessories();
      assert.equal(accessories.length, 2);
      assert.equal(await authenticated, Buffer.from(pairing.iOSDevicePairingID, "hex").toString());
    });

    it("refuses a wrong setup code, and takes the right one after it", async (t) => {
      const home = await BridgeHome.open(t, engine, []);
      await assert.rejects(home.client().pairSetup("111-22-333"), { message: "M4: Error: 2" });
      assert.ok(!home.info.paired());
      await home.client().pairSetup(PIN);
      assert.ok(home.info.paired());
    });

    it("answers 470 to all that need a verified connection, and does nothing", async (t) => {
      const lamp = accessory("Lamp");
      const on = lamp.addService(Service.Lightbulb).getCharacteristic(Characteristic.On);
      const home = await BridgeHome.open(t, engine, [lamp]);
      home.addUser();
      const { controller, connection } = await home.connect();
      const body = JSON.stringify({
        characteristics: [{ aid: lamp.aid, iid: on.iid, value: true, ev: true }],
      });
      for (const [method, url] of [
        ["GET", "/accessories"],
        ["GET", `/characteristics?id=${idOf(lamp, on)}`],
        ["PUT", "/characteristics"],
        ["PUT", "/prepare"],
        ["POST", "/pairings"],
      ] as const) {
        const options = method === "GET" ? {} : { body };
        assert.equal((await controller.fetch(method, url, options)).status, UNAUTHORIZED, url);
      }
      assert.equal(on.value, false);
      assert.deepEqual(connection.getRegisteredEvents(), new Set());
      assert.ok(!connection.isAuthenticated());
    });

    it("refuses pair-verify to a stranger, whose connection stays unauthenticated", async (t) => {
      const home = await BridgeHome.open(t, engine, []);
      home.addUser();
      const { controller, connection } = await home.connect();
      const stranger = new PairingProtocol(new User().pairingWith(home.info));
      const m2 = await postTlv(controller, "/pair-verify", await stranger.buildPairVerifyM1());
      await stranger.parsePairVerifyM2(m2.body);
      const m4 = await postTlv(controller, "/pair-verify", await stranger.buildPairVerifyM3());
      await assert.rejects(stranger.parsePairVerifyM4(m4.body), /Error: 2/);
      assert.ok(!connection.isAuthenticated());
      assert.equal((await controller.get("/accessories")).status, UNAUTHORIZED);
    });

    it("adds, lists and removes the pairings of further users", async (t) => {
      const home = await BridgeHome.open(t, engine, []);
      const [owner, guest] = [home.addUser(), new User()];
      const client = home.client(owner);
      await client.addPairing(guest.name, guest.publicKey, false);
      const identifiers = await listedIdentifiers(home, owner);
      assert.ok(identifiers.includes(owner.name) && identifiers.includes(guest.name), identifiers);

      const { controller } = await home.verify(guest);
      assert.equal((await controller.get("/accessories")).status, 200);
      const list = await new PairingProtocol().buildListPairingsM1();
      const refused = await postTlv(controller, "/pairings", list);
      assert.deepEqual(decodeBuffer(refused.body).get(TLV_ERROR), Buffer.of(AUTHENTICATION));

      await client.removePairing(Buffer.from(guest.name));
      await controller.closed;
      assert.ok(!(await listedIdentifiers(home, owner)).includes(guest.name));
      await assert.rejects(home.verify(guest), /Error: 2/);
    });
  });

  describe(`unpairing with HAP-NodeJS (${engine})`, { timeout: patient(60_000) }, () => {
    it("answers the initiator, then closes it, closes the user's others, and leaves other users alone", async (t) => {
      const lamp = accessory("Lamp");
      const on = lamp.addService(Service.Lightbulb).getCharacteristic(Characteristic.On);
      const home = await BridgeHome.open(t, engine, [lamp]);
      const [alice, bob] = [home.addUser(), home.addUser()];
      const initiator = await home.verify(alice);
      const others = [await home.verify(alice), await home.verify(alice)];
      const survivor = await home.verify(bob);
      const id = idOf(lamp, on);
      for (const { controller } of [...others, survivor]) {
        await put(controller, { [id]: { ev: true } });
      }

      await removeOwnPairing(initiator, alice);
      await Promise.all([initiator, ...others].map(({ controller }) => controller.closed));
      assert.ok(!initiator.connection.isAuthenticated());
      await assert.rejects(home.verify(alice), /Error: 2/);

      on.updateValue(true);
      home.clock.advance(250);
      assert.deepEqual(await survivor.controller.nextEvents(), [{ ...parseId(id), value: 1 }]);
      assert.equal((await survivor.controller.get("/accessories")).status, 200);
    });

    it("sends the initiator whole responses to earlier requests of the same segment", async (t) => {
      const lamps = Array.from({ length: 149 }, (_, index) => {
        const lamp = accessory(`Lamp ${String(index)}`);
        lamp.addService(Service.Lightbulb);
        return lamp;
      });
      const home = await BridgeHome.open(t, engine, lamps);
      const alice = home.addUser();
      const { controller } = await home.verify(alice);
      const m1 = await new PairingProtocol().buildRemovePairingM1(Buffer.from(alice.name));
      controller.write(
        Buffer.concat([
          controller.request("GET", "/accessories"),
          controller.request("POST", "/pairings", { body: m1 }),
        ]),
      );
      const database = await controller.nextResponse();
      assert.equal(
        (JSON.parse(database.body.toString()) as { accessories: unknown[] }).accessories.length,
        150,
      );
      await new PairingProtocol().parseRemovePairingM2((await controller.nextResponse()).body);
      await controller.closed;
      assert.ok(!home.info.paired());
    });

    it("closes everybody when the last admin goes, each with its subscriptions released", async (t) => {
      const lamp = accessory("Lamp");
      const on = lamp.addService(Service.Lightbulb).getCharacteristic(Characteristic.On);
      const home = await BridgeHome.open(t, engine, [lamp]);
      const [admin, guest] = [home.addUser(), home.addUser(PermissionTypes.USER)];
      const initiator = await home.verify(admin);
      const other = await home.verify(guest);
      await put(initiator.controller, { [idOf(lamp, on)]: { ev: true } });
      await put(other.controller, { [idOf(lamp, on)]: { ev: true } });
      const released = once(on, "unsubscribe");
      const unpaired = once(home.bridge, "unpaired");
      await removeOwnPairing(initiator, admin);
      await Promise.all([unpaired, released, other.controller.closed, initiator.controller.closed]);
      assert.equal(home.server.connections.size, 0);
      assert.ok(!home.info.paired());
    });
  });
}

/** Removes the pairing that the connection lives by, and reads the answer to that. */
async function removeOwnPairing({ controller }: Verified, user: User): Promise<void> {
  const protocol = new PairingProtocol();
  const m1 = await protocol.buildRemovePairingM1(Buffer.from(user.name));
  const m2 = await postTlv(controller, "/pairings", m1);
  await protocol.parseRemovePairingM2(m2.body);
}

/** The bridge's list of pairings: it has the identifiers as they are. */
async function listedIdentifiers(home: BridgeHome, admin: User): Promise<string> {
  const client = home.client(admin);
  const list = await client.listPairings();
  await client.close();
  return [...list.values()].map((value) => value.toString("latin1")).join();
}
