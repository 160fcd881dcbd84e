/** What controllers do with a bridge, step by step. Each step throws if it does not go as HAP says. */

import assert from "node:assert/strict";
import { once } from "node:events";

// Its IP part alone: the package's entry would load Bluetooth too.
import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";

import { Controller } from "../support/controller";
import { verifyPairing } from "../support/pairing";
import { PIN, type Target } from "./homebridge";

const LOOPBACK = "127.0.0.1";
/** Apple's short types: a lamp's state, and how bright it is. */
const ON = "25";
const BRIGHTNESS = "8";
const LIGHTBULB = "43";

/** The ids of a lamp's characteristics, as in `1.9`. */
interface Lamp {
  readonly on: string;
  readonly brightness: string;
}

/** The controllers of one home, with one pairing. */
export class Controllers {
  readonly #target: Target;
  readonly #clients: HttpClient[] = [];
  #pairing: PairingData | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Pairs, reads, writes, is told of changes, and unpairs. */
  async live(): Promise<void> {
    await this.pair();
    await this.writeAndReceive(await this.readAll());
    await this.unpair();
  }

  async pair(): Promise<void> {
    const client = this.#client();
    await client.pairSetup(PIN);
    this.#pairing = client.getLongTermData() ?? undefined;
    assert.ok(this.#pairing !== undefined, "pair-setup has left no keys");
    await this.close();
  }

  /** Reads the state of all lamps. */
  async readAll(): Promise<Lamp[]> {
    const { lamps: count } = this.#target;
    const client = this.#client();
    const { accessories } = await client.getAccessories();
    const lamps = accessories.flatMap(({ aid, services }) =>
      services
        .filter(({ type }) => isType(type, LIGHTBULB))
        .map(({ characteristics }) => {
          const idOf = (wanted: string): string => {
            const found = characteristics.find(({ type }) => type !== undefined && isType(type, wanted));
            return `${String(aid)}.${String(found?.iid)}`;
          };
          return { on: idOf(ON), brightness: idOf(BRIGHTNESS) };
        }),
    );
    assert.equal(lamps.length, count);
    const { characteristics } = await client.getCharacteristics(lamps.map(({ on }) => on));
    assert.equal(characteristics.length, count);
    return lamps;
  }

  /** One controller writes, and two others that have subscribed are told. All are told what the plugin changes. */
  async writeAndReceive([first, second]: readonly Lamp[]): Promise<void> {
    assert.ok(first !== undefined && second !== undefined);
    const writer = this.#client();
    const watchers = [this.#client(), this.#client()];
    for (const watcher of watchers) {
      await watcher.subscribeCharacteristics([first.on, second.brightness]);
    }
    const { characteristics } = await writer.getCharacteristics([first.on, second.brightness]);
    const [on, brightness] = characteristics.map(({ value }) => Number(value));
    const changes = [
      { written: first.on, seen: first.on, value: 1 - Number(on) },
      // The plugin hands the brightness of one lamp on to the next.
      { written: first.brightness, seen: second.brightness, value: (Number(brightness) + 7) % 101 },
    ];
    for (const { written, seen, value } of changes) {
      const told = Promise.all(watchers.map((watcher) => nextEvent(watcher)));
      await writer.setCharacteristics({ [written]: value });
      for (const event of await told) {
        const got = event.characteristics.map(
          (entry) => `${String(entry.aid)}.${String(entry.iid)}=${String(Number(entry.value))}`,
        );
        assert.deepEqual(got, [`${seen}=${String(value)}`]);
      }
      const {
        characteristics: [read],
      } = await writer.getCharacteristics([seen]);
      assert.equal(Number(read?.value), value);
    }
    await this.close();
  }

  /**
   * Controllers come back at once, as after a restart, and each reads the state of a lamp.
   *
   * @returns Milliseconds until the last of them had its answer.
   */
  async reconnect(count: number, [lamp]: readonly Lamp[]): Promise<number> {
    const pairing = this.#pairing;
    assert.ok(pairing !== undefined && lamp !== undefined);
    const start = performance.now();
    const controllers = await Promise.all(
      Array.from({ length: count }, async () => {
        const controller = await Controller.connect(this.#target.port, LOOPBACK);
        await verifyPairing(controller, pairing);
        const { status } = await controller.get(`/characteristics?id=${lamp.on}`);
        assert.equal(status, 200);
        return controller;
      }),
    );
    const milliseconds = performance.now() - start;
    for (const controller of controllers) controller.destroy();
    return milliseconds;
  }

  /** Removes the pairing: after that nobody gets a session by it. */
  async unpair(): Promise<void> {
    const pairing = this.#pairing;
    assert.ok(pairing !== undefined);
    await this.#client().removePairing(Buffer.from(pairing.iOSDevicePairingID, "hex"));
    await this.close();
    const stranger = await Controller.connect(this.#target.port, LOOPBACK);
    await assert.rejects(verifyPairing(stranger, pairing));
    stranger.destroy();
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }

  #client(): HttpClient {
    const client = new HttpClient(this.#target.username, LOOPBACK, this.#target.port, this.#pairing, {
      usePersistentConnections: true,
      subscriptionsUseSameConnection: true,
    });
    this.#clients.push(client);
    return client;
  }
}

interface Event {
  readonly characteristics: readonly { aid: unknown; iid: unknown; value: unknown }[];
}

async function nextEvent(client: HttpClient): Promise<Event> {
  const [event] = (await once(client, "event")) as [Event];
  return event;
}

/** A type may be written short, or as the whole UUID. */
function isType(type: string, wanted: string): boolean {
  return type.replace(/^0+|-0000-1000-8000-0026BB765291$/g, "") === wanted;
}
