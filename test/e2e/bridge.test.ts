/**
 * A bridge of HAP-NodeJS as large as HomeKit allows, and the controllers of two users, from pair-setup to unpair. Each
 * event, byte and frame is audited: the bridge's debts, the controllers' receipts, and the statistics agree.
 */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import type { AccessoryCharacteristicChange } from "@homebridge/hap-nodejs";
import PairingProtocol from "hap-controller/lib/protocol/pairing-protocol";

import { User, type Accessory } from "#bench/harness/pairing";
import { createAccessories, MAX_BRIDGED_ACCESSORIES } from "#demo/accessories";
import { change, changeablePoints, nextValue, pointsOf, type Point } from "#demo/bridge";
import type { EngineName, HAPConnection } from "hapwire";

import { BridgeHome, hap, parseId, PIN, put } from "../support/hap-nodejs";
import { transportEngines } from "../support/harness";
import { postTlv } from "../support/pairing";
import { patient } from "../support/patience";
import { AuditedController, type Traffic } from "./audited-controller";

const CONNECTIONS_PER_USER = 4;
const BURST = 1500;
const READ_AT_ONCE = 40;
const COALESCING_DELAY = 250;
const STATUS_INVALID_VALUE = -70410;

/** A value that has changed. */
interface Change {
  /** `aid.iid=value`, the value as JSON has it. */
  readonly event: string;
  /** The port of the controller that wrote the value, which gets no event. */
  readonly writer: number | undefined;
}

/** One connection, and the changes that it is owed events of. */
interface Member {
  readonly user: User;
  readonly controller: AuditedController;
  readonly port: number;
  readonly connection: HAPConnection;
  /** The numbers of changes when it subscribed and when it was closed. */
  from: number;
  to: number | undefined;
}

interface Database {
  readonly accessories: readonly {
    readonly aid: number;
    readonly services: readonly {
      readonly characteristics: readonly { readonly iid: number; readonly perms: readonly string[] }[];
    }[];
  }[];
}

class Audit {
  readonly accessories = createAccessories(MAX_BRIDGED_ACCESSORIES);
  readonly changes: Change[] = [];
  readonly members: Member[] = [];
  home!: BridgeHome;
  readonly #connections = new Map<number, HAPConnection>();
  /** The characteristics of the first answer to GET /accessories. */
  #structure = "";

  async open(t: TestContext, engine: EngineName): Promise<void> {
    for (const accessory of this.accessories) {
      accessory.on("service-characteristic-change", (changed) => {
        this.#note(accessory.aid ?? NaN, changed);
      });
    }
    this.home = await BridgeHome.open(t, engine, this.accessories);
    this.home.server.on("connection-opened", (connection) => {
      this.#connections.set(connection.remotePort, connection);
    });
    t.after(() => {
      this.members.forEach(({ controller }) => {
        controller.destroy();
      });
    });
  }

  get opened(): readonly Member[] {
    return this.members.filter(({ to }) => to === undefined);
  }

  ofType({ UUID }: { UUID: string }): Point[] {
    return pointsOf(this.accessories).filter(({ characteristic }) => characteristic.UUID === UUID);
  }

  async pair(): Promise<{ owner: User; bridge: Accessory }> {
    const owner = new User();
    const controller = await AuditedController.connect(this.home.port);
    const bridge = await owner.setUp(async (path, body) => (await postTlv(controller, path, body)).body, PIN);
    controller.destroy();
    return { owner, bridge };
  }

  async verify(user: User, bridge: Accessory): Promise<Member> {
    const controller = await AuditedController.connect(this.home.port);
    try {
      const post = async (path: string, body: Buffer): Promise<Buffer> =>
        (await postTlv(controller, path, body)).body;
      controller.secure(await user.verify(post, bridge));
    } catch (error) {
      controller.destroy();
      throw error;
    }
    const { localPort: port = 0 } = controller.socket;
    const connection = this.#connections.get(port);
    assert.ok(connection !== undefined);
    return { user, controller, port, connection, from: 0, to: undefined };
  }

  async connect(user: User, bridge: Accessory): Promise<void> {
    const members = Array.from({ length: CONNECTIONS_PER_USER }, async () => this.verify(user, bridge));
    this.members.push(...(await Promise.all(members)));
  }

  async onAll<T>(run: (controller: AuditedController, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.opened.map(async ({ controller }, index) => run(controller, index)));
  }

  /** Holds a database against the first one: HAP-NodeJS may order it otherwise, and values may change. */
  expectWhole(body: Buffer): Database {
    const database = JSON.parse(body.toString()) as Database;
    const entries = database.accessories.flatMap(({ aid, services }) =>
      services.flatMap(({ characteristics }) =>
        characteristics.map((entry) => `${String(aid)} ${JSON.stringify({ ...entry, value: undefined })}`),
      ),
    );
    const structure = entries.sort().join("\n");
    this.#structure ||= structure;
    assert.ok(structure === this.#structure, "a database differs from the first one");
    return database;
  }

  /** Waits until each connection has exactly the events that it is owed. */
  async settle(): Promise<void> {
    this.home.clock.advance(COALESCING_DELAY);
    for (const member of this.opened) {
      const owed = this.owedTo(member);
      await member.controller.receiveEvents(owed.length);
      this.expectOwed(member);
    }
  }

  owedTo({ port, from, to }: Member): string[] {
    return this.changes
      .slice(from, to)
      .filter(({ writer }) => writer !== port)
      .map(({ event }) => event);
  }

  expectOwed(member: Member): void {
    const received = member.controller.events.map(
      ({ aid, iid, value }) => `${String(aid)}.${String(iid)}=${JSON.stringify(value)}`,
    );
    assert.deepEqual(received, this.owedTo(member));
  }

  /** Holds the statistics of each connection against the count of its controller. */
  compareTraffic(): void {
    for (const { controller, connection } of this.members) {
      const stats = connection.stats();
      const counted: Traffic = controller.traffic;
      const said = Object.fromEntries(
        Object.keys(counted).map((name) => [name, stats[name as keyof Traffic]]),
      );
      assert.deepEqual(said, counted);
    }
  }

  #note(
    aid: number,
    { characteristic, oldValue, newValue, originator }: AccessoryCharacteristicChange,
  ): void {
    // A button has no value: pressed again in the same way, it has an event all the same.
    const isButton = characteristic.UUID === hap.Characteristic.ProgrammableSwitchEvent.UUID;
    if (isButton || oldValue !== newValue) {
      const value = JSON.stringify(typeof newValue === "boolean" ? Number(newValue) : newValue);
      const event = `${String(aid)}.${String(characteristic.iid)}=${value}`;
      this.changes.push({ event, writer: originator?.remotePort });
    }
  }
}

/** Writes the next values of characteristics. */
async function writeNext(
  controller: AuditedController,
  points: readonly Point[],
  more?: object,
): ReturnType<typeof put> {
  const values = points.map(({ id, characteristic }) => [id, { value: Number(nextValue(characteristic)) }]);
  return put(controller, Object.fromEntries(values) as Record<string, { value: number }>, more);
}

/** The owner and a guest connect, read everything, and subscribe to everything. */
async function moveIn(audit: Audit): Promise<{ owner: User; guest: User; bridge: Accessory }> {
  const [guest, { owner, bridge }] = [new User(), await audit.pair()];
  await audit.connect(owner, bridge);
  const [first] = audit.members as [Member];
  const protocol = new PairingProtocol();
  const m1 = await protocol.buildAddPairingM1(guest.id, guest.publicKey, true);
  await protocol.parseAddPairingM2((await postTlv(first.controller, "/pairings", m1)).body);
  await audit.connect(guest, bridge);

  const databases = await audit.onAll(async (controller) => controller.get("/accessories"));
  const [database] = databases.map(({ body }) => audit.expectWhole(body)) as [Database];
  assert.equal(database.accessories.length, MAX_BRIDGED_ACCESSORIES + 1);
  const ids = database.accessories.flatMap(({ aid, services }) =>
    services
      .flatMap(({ characteristics }) => characteristics.filter(({ perms }) => perms.includes("ev")))
      .map(({ iid }) => `${String(aid)}.${String(iid)}`),
  );
  const subscriptions = Object.fromEntries(ids.map((id) => [id, { ev: true }]));
  const answers = await audit.onAll(async (controller) => put(controller, subscriptions));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
  for (const member of audit.members) {
    member.from = audit.changes.length;
  }
  return { owner, guest, bridge };
}

async function readValues(audit: Audit): Promise<void> {
  const points = changeablePoints(audit.accessories);
  await audit.onAll(async (controller, index) => {
    const read = points.slice(index * READ_AT_ONCE, (index + 1) * READ_AT_ONCE);
    const { status, body } = await controller.get(`/characteristics?id=${read.map(({ id }) => id).join()}`);
    assert.equal(status, 200);
    const expected = read.map(({ id, characteristic }) => ({
      ...parseId(id),
      value: Number(characteristic.value),
    }));
    assert.deepEqual(JSON.parse(body.toString()), { characteristics: expected });
  });
}

async function writeValues(audit: Audit, writers: readonly Member[]): Promise<void> {
  const { Brightness, Hue, On, Saturation, LockTargetState } = hap.Characteristic;
  const points = [On, Brightness, Hue, Saturation].flatMap((type) => audit.ofType(type).slice(0, 5));
  for (const { controller } of writers) {
    const expected = points.map(({ characteristic }) => nextValue(characteristic));
    assert.equal((await writeNext(controller, points)).status, 204);
    assert.deepEqual(
      points.map(({ characteristic }) => characteristic.value),
      expected,
    );
    await audit.settle();
  }
  const locks = audit.ofType(LockTargetState);
  const [{ controller }] = writers as [Member];
  const { status, results } = await writeNext(controller, locks);
  assert.equal(status, 207);
  assert.deepEqual(new Set(Object.values(results)), new Set([STATUS_INVALID_VALUE]));
  const prepare = await controller.fetch("PUT", "/prepare", { body: JSON.stringify({ ttl: 5000, pid: 1 }) });
  assert.equal(prepare.status, 200);
  assert.equal((await writeNext(controller, locks, { pid: 1 })).status, 204);
  await audit.settle();
}

/** Presses buttons when all requests are with the bridge, and when all controllers have a part of the response. */
async function pressInsideResponses(audit: Audit): Promise<void> {
  const [first, second] = audit.ofType(hap.Characteristic.ProgrammableSwitchEvent) as [Point, Point];
  const members = audit.opened;
  let missing = members.length;
  const press = (): void => {
    missing -= 1;
    if (missing === 0) {
      first.characteristic.sendEventNotification(0);
    }
  };
  audit.home.server.on("request", press);
  const before = members.map(({ controller }) => controller.messages.length);
  const stopped = members.map(async ({ controller }) => controller.stopInsideMessage());
  const answers = audit.onAll(async (controller) => controller.get("/accessories"));
  await Promise.all(stopped);
  second.characteristic.sendEventNotification(1);
  first.characteristic.sendEventNotification(2);
  members.forEach(({ controller }) => {
    controller.socket.resume();
  });
  (await answers).forEach(({ body }) => audit.expectWhole(body));
  audit.home.server.off("request", press);
  await audit.settle();
  for (const [index, { controller }] of members.entries()) {
    const [response, ...events] = controller.messages.slice(before[index]).map(({ kind }) => kind);
    assert.equal(response, "response");
    assert.deepEqual(new Set(events), new Set(["event"]));
  }
}

/** The guest reads everything and removes its own pairing with the same segment, while the owner reads. */
async function unpairInsideResponse(audit: Audit, guest: User): Promise<void> {
  const guests = audit.members.filter(({ user }) => user === guest);
  const owners = audit.members.filter(({ user }) => user !== guest);
  const [{ controller }] = guests as [Member];
  const protocol = new PairingProtocol();
  const m1 = await protocol.buildRemovePairingM1(Buffer.from(guest.id));
  controller.write(
    Buffer.concat([
      controller.request("GET", "/accessories"),
      controller.request("POST", "/pairings", {
        body: m1,
        headers: { "Content-Type": "application/pairing+tlv8" },
      }),
    ]),
  );
  const others = owners.map(async ({ controller: other }) => (await other.get("/accessories")).body);
  audit.expectWhole((await controller.nextResponse()).body);
  await protocol.parseRemovePairingM2((await controller.nextResponse()).body);
  (await Promise.all(others)).forEach((body) => audit.expectWhole(body));
  for (const member of guests) {
    await member.controller.closed;
    member.to = audit.changes.length;
  }
  assert.ok(owners.every((member) => !member.controller.isClosed));
}

for (const engine of transportEngines()) {
  describe(`a whole bridge (${engine})`, { timeout: patient(120_000) }, () => {
    it("delivers every response and every event to the last byte", async (t) => {
      const audit = new Audit();
      await audit.open(t, engine);
      const { owner, guest, bridge } = await moveIn(audit);
      await readValues(audit);
      const firsts = [owner, guest].flatMap(
        (user) => audit.members.find((member) => member.user === user) ?? [],
      );
      await writeValues(audit, firsts);

      const points = changeablePoints(audit.accessories).slice(0, BURST);
      assert.equal(points.length, BURST);
      change(points);
      await audit.settle();

      await pressInsideResponses(audit);
      await unpairInsideResponse(audit, guest);
      await assert.rejects(audit.verify(guest, bridge), /error 2/);
      change(points.slice(0, READ_AT_ONCE));
      await audit.settle();

      // An event too many would come in one more window, before the response.
      audit.home.clock.advance(COALESCING_DELAY);
      await readValues(audit);
      audit.members.forEach((member) => {
        audit.expectOwed(member);
      });
      audit.compareTraffic();
    });
  });
}
