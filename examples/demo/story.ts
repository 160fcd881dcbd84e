/** `npm start`: an hour in a home in a few seconds. A bridge, and three devices that pair with it and use it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { patient } from "#bench/harness/patience";
import { User } from "#bench/harness/pairing";
import { engineInfo, type EventedHTTPServer } from "hapwire";

import { MAX_BRIDGED_ACCESSORIES } from "./accessories";
import { change, DemoBridge, type Point } from "./bridge";
import { Device } from "./device";
import { hap, putHapwireUnder, silenceMdns } from "./hap";

const LOOPBACK = "127.0.0.1";
const IDENTITY = { username: "CC:22:3D:E3:CE:F8", pincode: "031-45-154" } as const;
const DEVICES = ["phone", "tablet", "home hub"] as const;
const BURST = 1500;
/** Milliseconds for all of it. */
const DEADLINE = patient(60_000);
const EXIT_LATE = 1;
const EXIT_INTERRUPTED = 130;

interface Database {
  readonly accessories: readonly {
    readonly aid: number;
    readonly services: readonly { readonly characteristics: readonly { iid: number; perms: string[] }[] }[];
  }[];
}

/** Tells the story. @throws Error if the bridge or a device does not behave. */
export async function tellStory(print: (line: string) => void): Promise<void> {
  const storage = mkdtempSync(path.join(tmpdir(), "hapwire-demo-"));
  const clean = (): void => {
    rmSync(storage, { recursive: true, force: true });
  };
  const leave = (code: number) => (): void => {
    clean();
    process.exit(code);
  };
  const deadline = setTimeout(() => {
    print(`hapwire demo: FAILED, not done after ${String(DEADLINE / 1000)} s`);
    leave(EXIT_LATE)();
  }, DEADLINE);
  process.once("SIGINT", leave(EXIT_INTERRUPTED)).once("SIGTERM", leave(EXIT_INTERRUPTED));
  silenceMdns();
  hap.HAPStorage.setCustomStoragePath(storage);
  const story = new Story(print);
  try {
    await story.tell();
  } finally {
    await story.end();
    clearTimeout(deadline);
    clean();
  }
}

class Story {
  readonly #print: (line: string) => void;
  readonly #start = performance.now();
  readonly #bridge = new DemoBridge("hapwire demo", MAX_BRIDGED_ACCESSORIES);
  readonly #devices: Device[] = [];
  #server: EventedHTTPServer | undefined;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  async tell(): Promise<void> {
    putHapwireUnder((server) => (this.#server = server));
    const port = await this.#bridge.publish(IDENTITY, 0, LOOPBACK);
    const { name, aead } = engineInfo();
    this.#say(
      `A bridge with ${String(MAX_BRIDGED_ACCESSORIES)} accessories listens on port ${String(port)}.`,
    );
    this.#say(`hapwire carries it: ${name} engine, ${aead}.`);

    const owner = new User();
    const newcomer = await Device.connect(port);
    const accessory = await owner.setUp(newcomer.post, IDENTITY.pincode);
    newcomer.destroy();
    this.#say(`The owner pairs with the setup code ${IDENTITY.pincode}.`);
    const devices = DEVICES.map(() => Device.open(port, owner, accessory));
    this.#devices.push(...(await Promise.all(devices)));
    this.#say(`The owner's ${DEVICES.join(", ")} connect; all that follows is encrypted.`);

    await this.#readAndSubscribe();
    await this.#switchLight();
    await this.#changeMany();
    await this.#pressInsideResponse();
    this.#sumUp();
  }

  /** Closes everything. */
  async end(): Promise<void> {
    for (const device of this.#devices) {
      device.destroy();
    }
    await this.#bridge.unpublish();
  }

  async #readAndSubscribe(): Promise<void> {
    const databases = await Promise.all(this.#devices.map((device) => device.ask("GET", "/accessories")));
    const { accessories } = databases[0] as Database;
    const bytes = JSON.stringify(databases[0]).length;
    expect(accessories.length === MAX_BRIDGED_ACCESSORIES + 1, `${String(accessories.length)} accessories`);
    this.#say(
      `Each device reads all ${String(accessories.length)} accessories: ${format(bytes)} bytes of JSON.`,
    );
    const characteristics = accessories.flatMap(({ aid, services }) =>
      services
        .flatMap((service) => service.characteristics)
        .filter(({ perms }) => perms.includes("ev"))
        .map(({ iid }) => ({ aid, iid, ev: true })),
    );
    await Promise.all(
      this.#devices.map((device) => device.ask("PUT", "/characteristics", { characteristics })),
    );
    this.#say(`Each device subscribes to ${format(characteristics.length)} characteristics.`);
  }

  async #switchLight(): Promise<void> {
    const [light] = this.#bridge.ofType(hap.Characteristic.On) as [Point];
    const [phone, ...others] = this.#devices as [Device, ...Device[]];
    const [aid, iid] = light.id.split(".").map(Number);
    await phone.ask("PUT", "/characteristics", { characteristics: [{ aid, iid, value: 1 }] });
    await Promise.all(others.map((device) => device.receive(1)));
    expect(light.characteristic.value === true, "the light is off");
    expect(
      others.every(({ events }) => events.join() === `${light.id}=1`),
      "another event came",
    );
    expect(phone.events.length === 0, "the phone got an event of its own change");
    this.#say("The phone switches a light on. The other two are told, the phone is not.");
  }

  async #changeMany(): Promise<void> {
    const points = this.#bridge.changeable().slice(0, BURST);
    const before = this.#devices.map(({ events, eventMessages }) => ({
      events: events.length,
      eventMessages,
    }));
    const start = performance.now();
    change(points);
    const took = performance.now() - start;
    const expected = points.map(({ id, characteristic }) => `${id}=${String(Number(characteristic.value))}`);
    for (const [index, device] of this.#devices.entries()) {
      const from = before[index]?.events ?? 0;
      await device.receive(from + points.length);
      const isSame = device.events.slice(from).every((event, at) => event === expected[at]);
      expect(isSame, `the ${DEVICES[index] ?? ""} got other events than the changes, or in another order`);
    }
    const messages = (this.#devices[0]?.eventMessages ?? 0) - (before[0]?.eventMessages ?? 0);
    this.#say(`${format(points.length)} characteristics change within ${took.toFixed(0)} ms.`);
    this.#say(`Each device gets every event, once and in order, in ${String(messages)} messages.`);
  }

  async #pressInsideResponse(): Promise<void> {
    const [button] = this.#bridge.ofType(hap.Characteristic.ProgrammableSwitchEvent) as [Point];
    this.#server?.once("request", () => {
      button.characteristic.sendEventNotification(0);
    });
    const counts = this.#devices.map(({ events, order }) => ({ events: events.length, order: order.length }));
    await Promise.all(
      this.#devices.map(async (device, index) => {
        await device.ask("GET", "/accessories");
        await device.receive((counts[index]?.events ?? 0) + 1);
      }),
    );
    const [first] = this.#devices;
    expect(first?.order.slice(counts[0]?.order).join() === "response,event", "the event broke the response");
    this.#say("Somebody presses a button while all three read again.");
    this.#say("The responses come whole, and the event right behind them.");
  }

  #sumUp(): void {
    const { total, closed } = this.#server?.stats() ?? {};
    const received = this.#devices.reduce((sum, { events }) => sum + events.length, 0);
    expect(total?.eventsDelivered === received, `${String(total?.eventsDelivered)} events were sent`);
    expect(Object.keys(closed ?? {}).length === 0, `connections failed: ${JSON.stringify(closed)}`);
    this.#print(
      `\n${format(total?.requests ?? 0)} requests answered, ${format(received)} events sent and received, ` +
        `${format(total?.bytesOut ?? 0)} bytes in ${format(total?.framesOut ?? 0)} encrypted frames`,
    );
  }

  #say(line: string): void {
    this.#print(`${((performance.now() - this.#start) / 1000).toFixed(1).padStart(5)} s  ${line}`);
  }
}

function expect(holds: boolean, fault: string): void {
  if (!holds) {
    throw new Error(fault);
  }
}

/** A number with separators of thousands. */
export function format(value: number): string {
  return value.toLocaleString("en-US");
}
