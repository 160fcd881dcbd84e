/** Reads, writes and events of HAP-NodeJS's accessories on hapwire, by hap-controller and by our own strict controller. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";

import type {
  Accessory,
  Characteristic as HapCharacteristic,
  CharacteristicValue,
} from "@homebridge/hap-nodejs";
import type { EngineName } from "hapwire";

import { accessory, BridgeHome, hap, idOf, parseId, put, type Verified } from "../support/hap-nodejs";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";

const { Characteristic, Service } = hap;
const WINDOW = 250;
const SUCCESS = 0;
const READ_ONLY = -70404;
const NOTIFICATION_NOT_SUPPORTED = -70406;
const INVALID_VALUE = -70410;

for (const engine of transportEngines()) {
  describe(`characteristics of HAP-NodeJS (${engine})`, { timeout: patient(60_000) }, () => {
    it("are all in a large bridge's /accessories, which arrives whole", async (t) => {
      const lamps = Array.from({ length: 149 }, (_, index) => namedLamp(`Lamp ${String(index)} ü`));
      const home = await BridgeHome.open(t, engine, lamps);
      const user = home.addUser();
      const { controller } = await home.verify(user);
      const { status, body } = await controller.get("/accessories");
      assert.equal(status, 200);
      assert.ok(body.length > 65_536, `${String(body.length)} bytes are not large`);
      const { accessories } = JSON.parse(body.toString()) as { accessories: { aid: number }[] };
      assert.deepEqual(
        accessories.map(({ aid }) => aid),
        [home.bridge, ...lamps].map(({ aid }) => aid),
      );
      for (const lamp of lamps) {
        assert.ok(body.includes(JSON.stringify(lamp.displayName)), lamp.displayName);
      }
      assert.equal((await home.client(user).getAccessories()).accessories.length, 150);
    });

    it("are read, one by one and all at once, with the metadata that the request asks for", async (t) => {
      const lamps = Array.from({ length: 140 }, (_, index) => namedLamp(`Lamp ${String(index)}`));
      const home = await BridgeHome.open(t, engine, lamps);
      const user = home.addUser();
      const client = home.client(user);
      const ids = lamps.map((lamp) => idOf(lamp, onOf(lamp)));
      lamps.forEach((lamp, index) => onOf(lamp).updateValue(index % 2 === 1));
      const all = (await client.getCharacteristics(ids)).characteristics.map(({ value }) => value);
      assert.deepEqual(
        all,
        lamps.map((_, index) => index % 2),
      );

      const [first = ""] = ids;
      const about = await client.getCharacteristics([first], {
        meta: true,
        perms: true,
        type: true,
        ev: true,
      });
      assert.deepEqual(about.characteristics.map(plain), [
        { ...parseId(first), value: 0, type: "25", perms: ["ev", "pr", "pw"], ev: false, format: "bool" },
      ]);

      const { controller } = await home.verify(user);
      const missing = await controller.get(`/characteristics?id=${first},99999.1`);
      assert.equal(missing.status, 207);
    });

    it("are written, and the handlers know who wrote", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      const user = home.addUser();
      const writes: [CharacteristicValue, string | undefined][] = [];
      on.onSet((value, _context, connection) => {
        writes.push([value, connection?.username]);
      });
      const client = home.client(user);
      await client.setCharacteristics({ [idOf(lamp, on)]: true });
      await client.setCharacteristics({ [idOf(lamp, on)]: false });
      assert.deepEqual(writes, [
        [true, user.name],
        [false, user.name],
      ]);

      const { controller } = await home.verify(user);
      const name = lamp.getService(Service.AccessoryInformation)?.getCharacteristic(Characteristic.Name);
      assert.ok(name !== undefined);
      const { status, results } = await put(controller, {
        [idOf(lamp, on)]: { value: true },
        [idOf(lamp, name)]: { value: "Mine" },
      });
      assert.equal(status, 207);
      assert.deepEqual(results, { [idOf(lamp, on)]: SUCCESS, [idOf(lamp, name)]: READ_ONLY });
      assert.equal(on.value, true);
    });

    it("that ask for timed writes are written after a preparation, once, and only in time", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      on.setProps({ perms: [...on.props.perms, ...timedWrite()] });
      const { controller, connection } = await home.verify(home.addUser());
      const id = idOf(lamp, on);
      const refused = { status: 207, results: { [id]: INVALID_VALUE } };
      assert.deepEqual(await put(controller, { [id]: { value: true } }), refused);

      await prepare(controller, 11, 10_000);
      assert.equal(connection.timedWritePid, 11);
      assert.deepEqual(await put(controller, { [id]: { value: true } }, { pid: 12 }), refused);
      assert.equal(on.value, false);
      assert.deepEqual(await put(controller, { [id]: { value: true } }, { pid: 11 }), {
        status: 204,
        results: {},
      });
      assert.equal(on.value, true);
      assert.deepEqual(await put(controller, { [id]: { value: false } }, { pid: 11 }), refused);

      await prepare(controller, 13, 1);
      // Timers run in the order in which they are due: that of the preparation is over when this one is.
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(await put(controller, { [id]: { value: false } }, { pid: 13 }), refused);
      assert.equal(on.value, true);
    });

    it("tell hap-controller of their changes", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      const client = home.client(home.addUser());
      const id = idOf(lamp, on);
      await client.subscribeCharacteristics([id]);
      for (const value of [true, false]) {
        const told = once(client, "event") as Promise<[{ characteristics: unknown }]>;
        on.updateValue(value);
        home.clock.advance(WINDOW);
        assert.deepEqual(plain((await told)[0].characteristics), [{ ...parseId(id), value: Number(value) }]);
      }
    });

    it("tell of changes together when the window ends, newest first, but not the one who made them", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      const brightness = lamp.getService(Service.Lightbulb)?.getCharacteristic(Characteristic.Brightness);
      assert.ok(brightness !== undefined);
      const user = home.addUser();
      const [writer, reader] = [await home.verify(user), await home.verify(user)];
      const [onId, brightnessId] = [idOf(lamp, on), idOf(lamp, brightness)];
      await subscribe([writer, reader], onId, brightnessId);

      await put(writer.controller, { [onId]: { value: true } });
      brightness.updateValue(30);
      brightness.updateValue(60);
      brightness.updateValue(60);
      home.clock.advance(WINDOW);
      const changes = [30, 60].map((value) => ({ ...parseId(brightnessId), value }));
      assert.deepEqual(await writer.controller.nextEvents(), changes.toReversed());
      assert.deepEqual(await reader.controller.nextEvents(), [
        ...changes.toReversed(),
        { ...parseId(onId), value: 1 },
      ]);
    });

    it("that are a switch's presses are told at once, with all that waits, even pressed twice alike", async (t) => {
      const { home, lamp, on, press } = await lampHome(t, engine);
      const reader = await home.verify(home.addUser());
      const [onId, pressId] = [idOf(lamp, on), idOf(lamp, press)];
      await subscribe([reader], onId, pressId);
      on.updateValue(true);
      press.sendEventNotification(0);
      press.sendEventNotification(0);
      // The clock stands still: no window ends.
      const told = await reader.controller.receiveEvents(3);
      const pressed = { ...parseId(pressId), value: 0 };
      assert.deepEqual(told, [{ ...parseId(onId), value: 1 }, pressed, pressed]);
    });

    it("are not told of any more once unsubscribed, not even what waited", async (t) => {
      const { home, lamp, on, press } = await lampHome(t, engine);
      const { controller, connection } = await home.verify(home.addUser());
      const [onId, pressId] = [idOf(lamp, on), idOf(lamp, press)];
      await subscribe([{ controller, connection }], onId, pressId);
      assert.deepEqual(await evFlag(controller, onId), true);
      const released = once(on, "unsubscribe");

      on.updateValue(true);
      await put(controller, { [onId]: { ev: false } });
      await released;
      assert.deepEqual(await evFlag(controller, onId), false);
      on.updateValue(false);
      home.clock.advance(WINDOW);
      // A press that comes after it shows that nothing came before it.
      press.sendEventNotification(1);
      assert.deepEqual(await controller.nextEvents(), [{ ...parseId(pressId), value: 1 }]);
      assert.equal(connection.stats().eventsUnsubscribed, 1);
    });

    it("without the permission to notify cannot be subscribed to", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      const name = lamp.getService(Service.AccessoryInformation)?.getCharacteristic(Characteristic.Name);
      assert.ok(name !== undefined);
      const { controller, connection } = await home.verify(home.addUser());
      const { status, results } = await put(controller, {
        [idOf(lamp, name)]: { ev: true },
        [idOf(lamp, on)]: { ev: true },
      });
      assert.equal(status, 207);
      assert.deepEqual(results, {
        [idOf(lamp, name)]: NOTIFICATION_NOT_SUPPORTED,
        [idOf(lamp, on)]: SUCCESS,
      });
      assert.deepEqual(connection.getRegisteredEvents(), new Set([idOf(lamp, on)]));
    });

    it("are released when the last connection that subscribed closes", async (t) => {
      const { home, lamp, on } = await lampHome(t, engine);
      const user = home.addUser();
      const [first, second] = [await home.verify(user), await home.verify(user)];
      let isSubscribed = false;
      on.on("subscribe", () => (isSubscribed = true));
      on.on("unsubscribe", () => (isSubscribed = false));
      await subscribe([first, second], idOf(lamp, on));
      assert.ok(isSubscribed);
      await closeAndWait(home, first);
      assert.ok(isSubscribed, "one connection is still subscribed");
      await closeAndWait(home, second);
      assert.ok(!isSubscribed, "HAP-NodeJS still counts a subscriber");
    });
  });
}

interface LampHome {
  readonly home: BridgeHome;
  readonly lamp: Accessory;
  readonly on: HapCharacteristic;
  readonly press: HapCharacteristic;
}

/** A bridge with a lamp that has a button. */
async function lampHome(t: TestContext, engine: EngineName): Promise<LampHome> {
  const lamp = namedLamp("Lamp");
  const button = lamp.addService(Service.StatelessProgrammableSwitch);
  const home = await BridgeHome.open(t, engine, [lamp]);
  return {
    home,
    lamp,
    on: onOf(lamp),
    press: button.getCharacteristic(Characteristic.ProgrammableSwitchEvent),
  };
}

function namedLamp(name: string): Accessory {
  const lamp = accessory(name);
  lamp.addService(Service.Lightbulb).getCharacteristic(Characteristic.Brightness);
  return lamp;
}

function onOf(lamp: Accessory): HapCharacteristic {
  const on = lamp.getService(Service.Lightbulb)?.getCharacteristic(Characteristic.On);
  assert.ok(on !== undefined);
  return on;
}

/** The permission "timed write", of the type that HAP-NodeJS asks for: a const enum. */
function timedWrite(): HapCharacteristic["props"]["perms"] {
  return ["tw"] as unknown as HapCharacteristic["props"]["perms"];
}

async function prepare(controller: Verified["controller"], pid: number, ttl: number): Promise<void> {
  const { status } = await controller.fetch("PUT", "/prepare", { body: JSON.stringify({ pid, ttl }) });
  assert.equal(status, 200);
}

async function subscribe(to: readonly Verified[], ...ids: string[]): Promise<void> {
  for (const { controller } of to) {
    const { status } = await put(controller, Object.fromEntries(ids.map((id) => [id, { ev: true }])));
    assert.equal(status, 204);
  }
}

/** The bridge's answer to `ev=1`. */
async function evFlag(controller: Verified["controller"], id: string): Promise<unknown> {
  const { body } = await controller.get(`/characteristics?id=${id}&ev=1`);
  const { characteristics } = JSON.parse(body.toString()) as { characteristics: [{ ev: unknown }] };
  return characteristics[0].ev;
}

async function closeAndWait(home: BridgeHome, { controller }: Verified): Promise<void> {
  const closed = once(home.server, "connection-closed");
  controller.destroy();
  await closed;
}

/** Free of the prototypes that hap-controller's JSON parser leaves out. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
