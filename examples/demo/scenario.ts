/** The demo's course: a bridge, two users with several controllers each, and all that HomeKit does with them. */

import { setTimeout as sleep } from "node:timers/promises";

import { engineInfo, HAPConnection } from "hapwire";
import { MAX_BRIDGED_ACCESSORIES } from "./accessories";
import { Audit, type Member } from "./audit";
import { BridgeSide } from "./bridge-side";
import { DemoBridge, nextValue, permits, type Point } from "./bridge";
import { ControllerConnection, User, type AttributeDatabase, type CharacteristicResult } from "./controller";
import { loadHap, silenceMdns, type Hap } from "./hap";
import { itemAt } from "./items";
import { formatNumber, type Report } from "./report";
import type { EventValue } from "./sequences";
import { LOOPBACK } from "./tap";
import { until, within } from "./wait";

const IDENTITY = { username: "CC:22:3D:E3:CE:F8", pincode: "031-45-154" } as const;
const CONNECTIONS_PER_USER = 4;
const BURST = 1500;
const READ_AT_ONCE = 40;
const STATUS_INVALID_VALUE = -70410;

/** Runs the whole course. @throws Error where it cannot go on. */
export async function runScenario(report: Report, storage: string): Promise<void> {
  silenceMdns();
  const bridgeSide = new BridgeSide();
  const hap = loadHap(bridgeSide.watch.bind(bridgeSide));
  hap.HAPStorage.setCustomStoragePath(storage);
  const scenario = new Scenario(report, hap, bridgeSide);
  try {
    await scenario.run();
  } finally {
    await scenario.close();
  }
}

class Scenario {
  readonly #bridge: DemoBridge;
  #port = 0;
  readonly #audit: Audit;
  readonly #members: Member[] = [];
  #database: AttributeDatabase = { accessories: [] };
  #owner!: User;
  #guest!: User;

  constructor(
    private readonly report: Report,
    private readonly hap: Hap,
    private readonly bridgeSide: BridgeSide,
  ) {
    this.#bridge = new DemoBridge(hap, "hapwire demo", MAX_BRIDGED_ACCESSORIES);
    this.#audit = new Audit(report, this.#members, this.#bridge.changes, bridgeSide);
  }

  async run(): Promise<void> {
    const step = this.report.step.bind(this.report);
    await step("bridge", this.#startBridge.bind(this));
    await step("pair-setup", this.#pair.bind(this));
    await step("pair-verify", async () => this.#connect(this.#owner));
    await step("add a pairing", this.#addPairing.bind(this));
    await step("pair-verify", async () => this.#connect(this.#guest));
    await step("read /accessories", this.#readAccessories.bind(this));
    await step("subscribe", this.#subscribe.bind(this));
    await step("read", this.#read.bind(this));
    await step("write", this.#write.bind(this));
    await step("timed write", this.#timedWrite.bind(this));
    await step("burst", this.#burst.bind(this));
    await step("switch in a response", this.#pressInsideResponse.bind(this));
    await step("unpair in a response", this.#unpairInsideResponse.bind(this));
    await step("the others live on", this.#liveOn.bind(this));
    await step("compare all counts", this.#compareCounts.bind(this));
  }

  /** Prints the table, then closes all connections and the bridge. */
  async close(): Promise<void> {
    this.#audit.reportFaults();
    this.#audit.printTable();
    for (const { connection } of this.#open()) {
      connection.close();
    }
    await this.#bridge.unpublish();
    for (const { connection } of this.#members) {
      connection.tap.destroy();
    }
  }

  async #startBridge(): Promise<string> {
    this.#port = await within("the bridge", this.#bridge.publish(IDENTITY, 0, LOOPBACK));
    const { name, aead } = engineInfo();
    const count = formatNumber(this.#bridge.accessoryCount);
    return `${count} bridged accessories on ${LOOPBACK} port ${String(this.#port)}, engine ${name} (${aead})`;
  }

  async #pair(): Promise<string> {
    this.#owner = await User.pair("owner", this.#port, IDENTITY.pincode);
    return `the owner, with the setup code ${IDENTITY.pincode}`;
  }

  async #addPairing(): Promise<string> {
    this.#guest = User.createFor("guest", this.#owner);
    await this.#first().connection.addPairing(this.#guest);
    return "the owner lets a guest in, as a second admin";
  }

  async #connect(user: User): Promise<string> {
    const numbers = Array.from({ length: CONNECTIONS_PER_USER }, (_, index) => index + 1);
    const connections = await Promise.all(
      numbers.map((number) => ControllerConnection.open(`${user.name} ${String(number)}`, user, this.#port)),
    );
    this.#members.push(...connections.map((connection) => ({ connection, from: 0, to: undefined })));
    return `${String(connections.length)} connections of the ${user.name}`;
  }

  async #readAccessories(): Promise<string> {
    const databases = await this.#onAll((connection) => connection.readAccessories());
    this.#database = itemAt(databases, 0);
    const count = this.#database.accessories.length;
    this.report.expect(count === this.#bridge.accessoryCount + 1, `${String(count)} accessories were read`);
    this.#expectWhole(databases);
    const bytes = JSON.stringify(this.#database).length;
    return `${formatNumber(count)} accessories, ${formatNumber(bytes)} bytes of JSON, the same on each connection`;
  }

  async #subscribe(): Promise<string> {
    const ids = this.#idsThatPermit("ev");
    await this.#onAll((connection) => connection.subscribe(ids));
    for (const member of this.#members) {
      member.from = this.#bridge.changes.length;
    }
    return `to all ${formatNumber(ids.length)} characteristics that have events, on each connection`;
  }

  async #read(): Promise<string> {
    const points = this.#bridge.changeable();
    const answers = await this.#onAll((connection, index) => {
      const ids = points.slice(index * READ_AT_ONCE, (index + 1) * READ_AT_ONCE).map(({ id }) => id);
      return connection.read(ids);
    });
    const values = new Map(points.map(({ id, characteristic }) => [id, Number(characteristic.value)]));
    const results = answers.flat();
    const wrong = results.filter((result) => values.get(idOf(result)) !== result.value);
    const wanted = READ_AT_ONCE * this.#members.length;
    this.report.expect(
      results.length === wanted,
      `${String(results.length)} of ${String(wanted)} values were read`,
    );
    this.report.expect(wrong.length === 0, `${String(wrong.length)} values are not the bridge's`);
    return `${formatNumber(results.length)} values, as the bridge has them`;
  }

  async #write(): Promise<string> {
    const { Brightness, Hue, On, Saturation } = this.hap.Characteristic;
    const writers = [this.#first(), this.#firstOf(this.#guest)];
    const points = [On, Brightness, Hue, Saturation].flatMap((type) => this.#bridge.ofType(type).slice(0, 5));
    for (const { connection } of writers) {
      await this.#writeOn(points, (values) => connection.write(values));
    }
    const others = this.#members.length - 1;
    return `${String(points.length)} values by each user; the other ${String(others)} connections are told`;
  }

  async #timedWrite(): Promise<string> {
    const { connection } = this.#firstOf(this.#guest);
    const locks = this.#bridge.ofType(this.hap.Characteristic.LockTargetState);
    const refused = await connection.write(locks.map(nextEvent));
    const areRefused = refused.every(({ status }) => status === STATUS_INVALID_VALUE);
    this.report.expect(
      refused.length === locks.length && areRefused,
      "locks took a write without its preparation",
    );
    await this.#writeOn(locks, (values) => connection.timedWrite(values, 5000));
    return `${String(locks.length)} locks refuse a plain write and take a prepared one`;
  }

  /** Writes new values, checks that the bridge has them, and waits until all others were told. */
  async #writeOn(
    points: readonly Point[],
    write: (values: EventValue[]) => Promise<CharacteristicResult[]>,
  ): Promise<void> {
    const values = points.map(nextEvent);
    const refused = await write(values);
    this.report.expect(refused.length === 0, `${String(refused.length)} writes were refused`);
    const wrong = points.filter(
      ({ characteristic }, index) => Number(characteristic.value) !== values[index]?.value,
    );
    this.report.expect(
      wrong.length === 0,
      `${String(wrong.length)} written values did not get to the bridge`,
    );
    await this.#settle();
  }

  async #burst(): Promise<string> {
    const points = this.#bridge.changeable().slice(0, BURST);
    this.report.expect(
      points.length === BURST,
      `only ${String(points.length)} characteristics can be changed`,
    );
    const messagesBefore = this.#first().connection.tap.counts.eventMessages;
    const begin = performance.now();
    this.#bridge.change(points);
    const took = performance.now() - begin;
    await this.#settle();
    const messages = this.#first().connection.tap.counts.eventMessages - messagesBefore;
    const open = this.#open().length;
    return (
      `${formatNumber(points.length)} characteristics changed in ${took.toFixed(0)} ms; ` +
      `${String(open)} connections got all, in ${String(messages)} messages each`
    );
  }

  async #pressInsideResponse(): Promise<string> {
    const [first, second] = this.#bridge.ofType(this.hap.Characteristic.ProgrammableSwitchEvent) as [
      Point,
      Point,
    ];
    const open = this.#open();
    const logged = open.map(({ connection }) => connection.tap.log.length);
    const stopped = open.map(({ connection }) => connection.tap.stopInsideResponse());
    // Once when all requests are with the bridge and not all answered, …
    this.bridgeSide.atRequest("/accessories", open.length, () => {
      this.#bridge.press(first, "single");
    });
    // … and twice when a part of the response is out on each connection.
    const pressed = Promise.all(stopped).then(() => {
      this.#bridge.press(second, "double");
      this.#bridge.press(first, "long");
      for (const { connection } of open) {
        connection.tap.resume();
      }
    });
    const [databases] = await Promise.all([
      this.#onAll((connection) => connection.readAccessories()),
      pressed,
    ]);
    this.#expectWhole(databases);
    await this.#settle();
    for (const [index, { connection }] of open.entries()) {
      const [response, ...events] = connection.tap.log.slice(logged[index]);
      const isInOrder =
        response === "response" && events.length > 0 && events.every((kind) => kind === "event");
      this.report.expect(isInOrder, `${connection.name}: the events did not follow the response`);
    }
    return `pressed 3 times; ${String(open.length)} responses are whole, the events come right behind them`;
  }

  async #unpairInsideResponse(): Promise<string> {
    const guests = this.#members.filter(({ connection }) => connection.user === this.#guest);
    const initiator = itemAt(guests, 0);
    const owners = this.#members.filter(({ connection }) => connection.user === this.#owner);
    const databases = await Promise.all([
      initiator.connection.readAccessoriesAndUnpair(),
      ...owners.map(({ connection }) => connection.readAccessories()),
    ]);
    this.#expectWhole(databases);
    for (const member of guests) {
      await within(`${member.connection.name}: its end`, member.connection.tap.closed);
      member.to = this.#bridge.changes.length;
    }
    const lost = owners.filter(({ connection }) => connection.tap.isClosed);
    this.report.expect(lost.length === 0, `${String(lost.length)} connections of the owner were closed too`);
    const closed = String(guests.length - 1);
    return `the guest leaves: both its answers come whole, then it is closed, and ${closed} more of its connections`;
  }

  async #liveOn(): Promise<string> {
    this.#bridge.change(this.#bridge.changeable().slice(0, READ_AT_ONCE));
    await this.#settle();
    await this.#onAll((connection) => connection.read(this.#idsThatPermit("ev").slice(0, READ_AT_ONCE)));
    const refused = await ControllerConnection.open("guest again", this.#guest, this.#port).then(
      () => false,
      () => true,
    );
    this.report.expect(refused, "the guest could come back");
    return `${String(this.#open().length)} connections read and are told of changes; the guest is refused`;
  }

  async #compareCounts(): Promise<string> {
    // An event that should not be has one more window to come in.
    await sleep(2 * HAPConnection.EVENT_COALESCING_DELAY);
    this.#audit.compareCounts();
    return "what controllers received, what was on the line, and what the bridge counted";
  }

  /** Checks that each database has all that the first one had. */
  #expectWhole(databases: readonly AttributeDatabase[]): void {
    const whole = structureOf(this.#database);
    const torn = databases.filter((database) => structureOf(database) !== whole);
    this.report.expect(torn.length === 0, `${String(torn.length)} responses were not whole`);
  }

  /** Waits until every connection has received what it is owed; what is missing shows in the counts at the end. */
  async #settle(): Promise<void> {
    const isSettled = (member: Member): boolean =>
      member.connection.tap.isClosed || member.connection.received.length >= this.#audit.dueTo(member).length;
    const settled = await until(() => this.#open().every(isSettled));
    this.report.expect(settled, "not all events have come");
  }

  /** Does the same on every open connection at once. */
  #onAll<T>(run: (connection: ControllerConnection, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#open().map(({ connection }, index) => run(connection, index)));
  }

  #open(): Member[] {
    return this.#members.filter(({ to }) => to === undefined);
  }

  #first(): Member {
    return this.#firstOf(this.#owner);
  }

  #firstOf(user: User): Member {
    return itemAt(
      this.#members.filter(({ connection }) => connection.user === user),
      0,
    );
  }

  #idsThatPermit(permission: string): string[] {
    return this.#database.accessories.flatMap(({ aid, services }) =>
      services
        .flatMap(({ characteristics }) => characteristics)
        .filter(({ perms }) => permits(perms, permission))
        .map(({ iid }) => idOf({ aid, iid })),
    );
  }
}

function nextEvent({ id, characteristic }: Point): EventValue {
  return { id, value: Number(nextValue(characteristic)) };
}

function idOf({ aid, iid }: { aid: number; iid: number }): string {
  return `${String(aid)}.${String(iid)}`;
}

/**
 * What a database says of its characteristics, but for their values, which may change from one read to the next; sorted,
 * because HAP-NodeJS writes those first whose value it has at hand.
 */
function structureOf({ accessories }: AttributeDatabase): string {
  return accessories
    .flatMap(({ aid, services }) =>
      services.flatMap(({ characteristics }) =>
        characteristics.map((entry) => `${String(aid)} ${JSON.stringify({ ...entry, value: undefined })}`),
      ),
    )
    .sort()
    .join("\n");
}
