/** A real bridge: accessories made with HAP-NodeJS, published on loopback and without mDNS. */

import { EventEmitter, once } from "node:events";

import type * as HapNodeJs from "@homebridge/hap-nodejs";

import type { EngineName } from "hapwire";
import { install } from "hapwire/homebridge";

import { LAMP_CHARACTERISTICS, lampCharacteristic, lampValue, type Id } from "./lamps";
import { loadHapNodeJs, type HapNodeJsAdvertising } from "./peers";

const LOOPBACK = "127.0.0.1";
const USERNAME = "0E:11:22:33:44:55";
const SETUP_CODE = "031-45-154";
/** Milliseconds that events gather in place of 250. The work is the same, the waiting shorter. */
const COALESCING_DELAY = 1;

/** Settings of a bridge. */
export interface BridgeSettings {
  /** The engine of the hapwire that carries it. Missing for HAP-NodeJS's own transport. */
  readonly engine?: EngineName;
  readonly lamps: number;
  /** The folder for HAP-NodeJS's files. */
  readonly storage: string;
  /** The users that are paired. Public keys are in hex. */
  readonly users: readonly { readonly id: string; readonly publicKey: string }[];
}

/** Address and identity of a bridge, and the ids of its characteristics. */
export interface BridgeAbout {
  readonly port: number;
  readonly setupCode: string;
  readonly username: string;
  /** The long-term public key in hex. */
  readonly publicKey: string;
  /** The ids of the lamps' characteristics, in the order of their numbers. */
  readonly ids: readonly Id[];
}

/** The brightnesses that controllers have written. */
export interface Writes {
  readonly count: number;
  readonly last: number;
}

/** The private members of a published bridge that are used. */
interface Published {
  readonly _accessoryInfo: HapNodeJs.AccessoryInfo;
  readonly _server: { readonly httpServer: { readonly connections: ReadonlySet<unknown> } };
}

export class Bridge {
  readonly #hap: typeof HapNodeJs;
  readonly #lamps: number;
  /** The characteristics that change. */
  readonly #characteristics: HapNodeJs.Characteristic[] = [];
  readonly #bridge: HapNodeJs.Bridge;
  writes: Writes = { count: 0, last: NaN };

  private constructor(hap: typeof HapNodeJs, lamps: number) {
    this.#hap = hap;
    this.#lamps = lamps;
    this.#bridge = new hap.Bridge("Benchmark Bridge", hap.uuid.generate("benchmark bridge"));
    const accessories = Array.from({ length: lamps }, (_, index) => this.#makeLamp(index));
    for (let index = 0; index < lamps * LAMP_CHARACTERISTICS.length; index += 1) {
      const { lamp, name } = lampCharacteristic(index, lamps);
      const service = accessories[lamp]?.getService(hap.Service.Lightbulb);
      const characteristic = service?.getCharacteristic(hap.Characteristic[name]);
      if (characteristic === undefined) {
        throw new Error(`the lamps of this HAP-NodeJS have no ${name}`);
      }
      characteristic.updateValue(lampValue(index, lamps, 0));
      this.#characteristics.push(characteristic);
    }
    this.#bridge.addBridgedAccessories(accessories);
  }

  /** @throws Error if HAP-NodeJS is not installed, or hapwire cannot carry the bridge. */
  static async publish(settings: BridgeSettings): Promise<{ bridge: Bridge; about: BridgeAbout }> {
    const { hap, advertising, transport } = loadHapNodeJs();
    Object.assign(advertising, { CiaoAdvertiser: silentAdvertiser(advertising) });
    transport.HAPConnection.EVENT_COALESCING_DELAY = COALESCING_DELAY;
    hap.HAPStorage.setCustomStoragePath(settings.storage);
    const { engine } = settings;
    let isCarried = engine === undefined;
    if (engine !== undefined) {
      install(hap, {
        server: { engine, coalescingDelay: COALESCING_DELAY },
        log: () => undefined,
        onCarried: () => (isCarried = true),
      });
    }
    const bridge = new Bridge(hap, settings.lamps);
    const about = await bridge.#publish(settings);
    if (!isCarried) {
      throw new Error("hapwire does not carry the bridge");
    }
    return { bridge, about };
  }

  get connections(): number {
    return this.#published._server.httpServer.connections.size;
  }

  /** Gives the first characteristics their values of a revision, as a plugin does when an accessory has changed. */
  change(count: number, revision: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#characteristics[index]?.updateValue(lampValue(index, this.#lamps, revision));
    }
  }

  /** Forgets all pairings, so that a pair-setup is possible again. */
  unpair(): void {
    Object.assign(this.#published._accessoryInfo, { pairedClients: {}, pairedAdminClients: 0 });
  }

  get #published(): Published {
    return this.#bridge as unknown as Published;
  }

  /** Makes a lamp as a plugin does: handlers read and write its state. */
  #makeLamp(index: number): HapNodeJs.Accessory {
    const { Accessory, Characteristic, Service, uuid } = this.#hap;
    const name = `Lamp ${String(index + 1)}`;
    const lamp = new Accessory(name, uuid.generate(name));
    lamp
      .getService(Service.AccessoryInformation)
      ?.setCharacteristic(Characteristic.Manufacturer, "hapwire")
      .setCharacteristic(Characteristic.Model, "Benchmark")
      .setCharacteristic(Characteristic.SerialNumber, `B-${String(index)}`)
      .setCharacteristic(Characteristic.FirmwareRevision, "1.0.0");
    const service = lamp.addService(Service.Lightbulb, name);
    const on = service.getCharacteristic(Characteristic.On);
    on.onGet(() => on.value).onSet(() => undefined);
    service.getCharacteristic(Characteristic.Brightness).onSet((value) => {
      this.writes = { count: this.writes.count + 1, last: Number(value) };
    });
    return lamp;
  }

  async #publish({ users }: BridgeSettings): Promise<BridgeAbout> {
    // These enums are const: they are there at run time, but closed to `isolatedModules`.
    const { Categories, PermissionTypes } = this.#hap as {
      Categories: { BRIDGE: HapNodeJs.Categories };
      PermissionTypes: { ADMIN: HapNodeJs.PermissionTypes };
    };
    const listening = once(this.#bridge, "listening") as Promise<[number]>;
    await this.#bridge.publish({
      username: USERNAME,
      pincode: SETUP_CODE,
      category: Categories.BRIDGE,
      port: 0,
      bind: LOOPBACK,
      addIdentifyingMaterial: false,
    });
    const [port] = await listening;
    const { _accessoryInfo: info } = this.#published;
    for (const { id, publicKey } of users) {
      info.addPairedClient(id, Buffer.from(publicKey, "hex"), PermissionTypes.ADMIN);
    }
    return {
      port,
      setupCode: SETUP_CODE,
      username: USERNAME,
      publicKey: Buffer.from(info.signPk).toString("hex"),
      ids: this.#characteristics.map(({ iid }, index) => ({
        aid: this.#bridge.bridgedAccessories[index % this.#lamps]?.aid ?? NaN,
        iid: iid ?? NaN,
      })),
    };
  }
}

/** An advertiser that tells the network nothing: HAP-NodeJS's own opens mDNS sockets as soon as it is made. */
export function silentAdvertiser({ CiaoAdvertiser }: HapNodeJsAdvertising): new () => EventEmitter {
  return class extends EventEmitter {
    /** HAP-NodeJS reads this to fill in the service that names the protocol's version. */
    static readonly protocolVersionService = CiaoAdvertiser.protocolVersionService;

    initPort(): void {
      // Nobody is told of the port.
    }

    async startAdvertising(): Promise<void> {
      // Nobody is told of the bridge.
    }

    updateAdvertisement(): void {
      // Nobody knows of the bridge.
    }

    destroy(): void {
      this.removeAllListeners();
    }
  };
}
