/** HAP-NodeJS on hapwire for tests: bridges on loopback and without mDNS, and the users that pair with them. */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, type TestContext } from "node:test";

import * as HapNodeJs from "@homebridge/hap-nodejs";
// Its IP part alone: the package's entry would load Bluetooth too.
import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";

import { silenceMdns } from "#demo/hap";
import type { EngineName, EventedHTTPServer, HAPConnection, ServerOptions } from "hapwire";
import { install } from "hapwire/homebridge";

import { ManualClock } from "./clock";
import { Controller } from "./controller";
import { User, verifyPairing } from "./pairing";
import { portOf } from "./port";

const LOOPBACK = "127.0.0.1";
export const PIN = "031-45-154";

/** The members of HAP-NodeJS's const enums: they are there at run time, but closed to `isolatedModules`. */
interface Constants {
  readonly Categories: { readonly BRIDGE: HapNodeJs.Categories };
  readonly PermissionTypes: {
    readonly USER: HapNodeJs.PermissionTypes;
    readonly ADMIN: HapNodeJs.PermissionTypes;
  };
}

/** The options of the server that hapwire makes next. */
let nextOptions: ServerOptions = {};

function load(): typeof HapNodeJs {
  silenceMdns();
  const storage = mkdtempSync(path.join(tmpdir(), "hapwire-compat-"));
  after(() => {
    rmSync(storage, { recursive: true });
  });
  const { isActive, reason } = install(HapNodeJs, {
    get server() {
      return nextOptions;
    },
    log: () => undefined,
  });
  assert.ok(isActive, reason);
  HapNodeJs.HAPStorage.setCustomStoragePath(storage);
  return HapNodeJs;
}

/** HAP-NodeJS, on hapwire. */
export const hap = load();
const { Categories, PermissionTypes } = hap as Constants;
export { PermissionTypes };

/** @returns The transport of a HAP server that listens: hapwire's. */
function transportOf(hapServer: HapNodeJs.HAPServer): EventedHTTPServer {
  return (hapServer as unknown as { readonly httpServer: EventedHTTPServer }).httpServer;
}

/** Something with a name that no other of this process has; looks like a MAC address. */
function freshUsername(): string {
  const octets = randomBytes(5).toString("hex").toUpperCase().match(/../g) ?? [];
  return ["0E", ...octets].join(":");
}

/** A connection of a user's: how it looks to the controller and to the server. */
export interface Verified {
  readonly controller: Controller;
  readonly connection: HAPConnection;
}

/** A transport that HAP-NodeJS serves on, and its controllers, closed when the test is over. */
export class Home {
  readonly #controllers: Controller[] = [];
  readonly #clients: HttpClient[] = [];

  constructor(
    t: TestContext,
    readonly server: EventedHTTPServer,
    readonly clock: ManualClock,
    readonly info: HapNodeJs.AccessoryInfo,
  ) {
    t.after(async () => {
      this.#controllers.forEach((controller) => {
        controller.destroy();
      });
      await Promise.all(this.#clients.map(async (client) => client.close()));
    });
  }

  get port(): number {
    return portOf(this.server);
  }

  /** Adds a pairing as if pair-setup had been done. */
  addUser(permission = PermissionTypes.ADMIN): User {
    const user = new User();
    this.info.addPairedClient(user.name, user.publicKey, permission);
    return user;
  }

  /** hap-controller's client, on one connection that lasts; without a user it has yet to pair. */
  client(user?: User | PairingData): HttpClient {
    const pairing = user instanceof User ? user.pairingWith(this.info) : user;
    const client = new HttpClient(this.info.username, LOOPBACK, this.port, pairing, {
      usePersistentConnections: true,
      subscriptionsUseSameConnection: true,
    });
    this.#clients.push(client);
    return client;
  }

  /** A connection in plaintext. */
  async connect(): Promise<Verified> {
    const opened = once(this.server, "connection-opened") as Promise<[HAPConnection]>;
    const controller = await Controller.connect(this.port, LOOPBACK);
    this.#controllers.push(controller);
    const [connection] = await opened;
    return { controller, connection };
  }

  /** A verified connection whose every byte is looked at: hap-controller's pair-verify, our reader of messages. */
  async verify(user: User): Promise<Verified> {
    const pair = await this.connect();
    await verifyPairing(pair.controller, user.pairingWith(this.info));
    return pair;
  }
}

/** A bridge that is published for a test. */
export class BridgeHome extends Home {
  private constructor(
    t: TestContext,
    readonly bridge: HapNodeJs.Bridge,
    clock: ManualClock,
  ) {
    const { _server: hapServer, _accessoryInfo: info } = bridge as unknown as Published;
    super(t, transportOf(hapServer), clock, info);
  }

  static async open(
    t: TestContext,
    engine: EngineName,
    accessories: readonly HapNodeJs.Accessory[],
  ): Promise<BridgeHome> {
    const bridge = new hap.Bridge("Test Bridge", hap.uuid.generate(randomUUID()));
    bridge.addBridgedAccessories([...accessories]);
    const listening = once(bridge, "listening");
    const clock = new ManualClock();
    nextOptions = { engine, clock };
    t.after(() => bridge.unpublish());
    const username = freshUsername();
    await bridge.publish({ username, pincode: PIN, port: 0, category: Categories.BRIDGE, bind: LOOPBACK });
    await listening;
    return new BridgeHome(t, bridge, clock);
  }
}

/** The fields of a bridge that has been published. */
interface Published {
  readonly _server: HapNodeJs.HAPServer;
  readonly _accessoryInfo: HapNodeJs.AccessoryInfo;
}

/** HAP-NodeJS's `HAPServer` by itself. */
export class ServerHome extends Home {
  private constructor(
    t: TestContext,
    readonly hapServer: HapNodeJs.HAPServer,
    clock: ManualClock,
    info: HapNodeJs.AccessoryInfo,
  ) {
    super(t, transportOf(hapServer), clock, info);
  }

  static async open(t: TestContext, engine: EngineName): Promise<ServerHome> {
    const info = hap.AccessoryInfo.create(freshUsername());
    const hapServer = new hap.HAPServer(info);
    const clock = new ManualClock();
    nextOptions = { engine, clock };
    t.after(() => {
      hapServer.destroy();
    });
    const listening = once(hapServer, "listening");
    hapServer.listen(0, LOOPBACK);
    await listening;
    return new ServerHome(t, hapServer, clock, info);
  }
}

/** A new accessory, to be bridged. */
export function accessory(name: string): HapNodeJs.Accessory {
  return new hap.Accessory(name, hap.uuid.generate(randomUUID()));
}

/** `aid.iid`, known once the accessory is published. */
export function idOf(of: HapNodeJs.Accessory, characteristic: HapNodeJs.Characteristic): string {
  return `${String(of.aid)}.${String(characteristic.iid)}`;
}

/** `aid.iid` taken apart. */
export function parseId(id: string): { aid: number; iid: number } {
  const [aid = NaN, iid = NaN] = id.split(".").map(Number);
  return { aid, iid };
}

/** One characteristic's entry in a write. */
export interface Write {
  readonly value?: unknown;
  readonly ev?: boolean;
}

/** The body of a write: by `aid.iid`. */
export function writeBody(writes: Readonly<Record<string, Write>>, more: object = {}): string {
  const characteristics = Object.entries(writes).map(([id, write]) => ({ ...parseId(id), ...write }));
  return JSON.stringify({ characteristics, ...more });
}

/** Writes characteristics, or subscribes to them. @returns HTTP's status, and any HAP statuses by `aid.iid`. */
export async function put(
  controller: Controller,
  writes: Readonly<Record<string, Write>>,
  more: object = {},
): Promise<{ status: number; results: Record<string, number> }> {
  const { status, body } = await controller.fetch("PUT", "/characteristics", {
    body: writeBody(writes, more),
  });
  return { status, results: body.length === 0 ? {} : statusesOf(body) };
}

function statusesOf(body: Buffer): Record<string, number> {
  const { characteristics } = JSON.parse(body.toString()) as {
    characteristics: { aid: number; iid: number; status: number }[];
  };
  return Object.fromEntries(
    characteristics.map(({ aid, iid, status }) => [`${String(aid)}.${String(iid)}`, status]),
  );
}
