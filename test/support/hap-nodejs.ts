/** HAP-NodeJS on hapwire for tests: bridges on loopback and without mDNS, and the users that pair with them. */

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, type TestContext } from "node:test";

import type * as HapNodeJs from "@homebridge/hap-nodejs";
// Its IP part alone: the package's entry would load Bluetooth too.
import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";

import { silenceMdns } from "#demo/hap";
import { loadOnHapwire, transportExports } from "#src/homebridge/substitute";
import { EventedHTTPServer, type EngineName, type HAPConnection } from "hapwire";

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

/** What HAP-NodeJS's next `new EventedHTTPServer()` becomes; it passes no options itself. */
const next: { engine: EngineName | undefined; server: ServerOnLoopback | undefined } = {
  engine: undefined,
  server: undefined,
};

/** The server of a bridge under test. */
export class ServerOnLoopback extends EventedHTTPServer {
  readonly clock: ManualClock;

  constructor() {
    assert.ok(next.engine !== undefined, "no engine was chosen");
    const clock = new ManualClock();
    super({ engine: next.engine, clock });
    this.clock = clock;
    next.server = this;
  }

  override listen(port: number): void {
    super.listen(port, LOOPBACK);
  }
}

function load(): typeof HapNodeJs {
  silenceMdns();
  const storage = mkdtempSync(path.join(tmpdir(), "hapwire-compat-"));
  after(() => {
    rmSync(storage, { recursive: true });
  });
  const loaded = loadOnHapwire("@homebridge/hap-nodejs", __dirname, {
    ...transportExports,
    EventedHTTPServer: ServerOnLoopback,
  }) as typeof HapNodeJs;
  loaded.HAPStorage.setCustomStoragePath(storage);
  return loaded;
}

/** HAP-NodeJS, on hapwire. */
export const hap = load();
const { Categories, PermissionTypes } = hap as Constants;
export { PermissionTypes };

/** Makes a bridge's or HAP server's transport, of the engine asked for. @returns it, with what `make` returns. */
function withEngine<T>(engine: EngineName, make: () => T): { made: T; server: () => ServerOnLoopback } {
  next.engine = engine;
  next.server = undefined;
  const made = make();
  return {
    made,
    server: () => {
      assert.ok(next.server !== undefined, "HAP-NodeJS has made no server of ours");
      return next.server;
    },
  };
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
    readonly server: ServerOnLoopback,
    readonly info: HapNodeJs.AccessoryInfo,
  ) {
    t.after(async () => {
      this.#controllers.forEach((controller) => {
        controller.destroy();
      });
      await Promise.all(this.#clients.map(async (client) => client.close()));
    });
  }

  get clock(): ManualClock {
    return this.server.clock;
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
    server: ServerOnLoopback,
    info: HapNodeJs.AccessoryInfo,
  ) {
    super(t, server, info);
  }

  static async open(
    t: TestContext,
    engine: EngineName,
    accessories: readonly HapNodeJs.Accessory[],
  ): Promise<BridgeHome> {
    const bridge = new hap.Bridge("Test Bridge", hap.uuid.generate(randomUUID()));
    bridge.addBridgedAccessories([...accessories]);
    const listening = new Promise<void>((resolve) => {
      bridge.once("listening", () => {
        resolve();
      });
    });
    const { made, server } = withEngine(engine, () =>
      bridge.publish({ username: freshUsername(), pincode: PIN, port: 0, category: Categories.BRIDGE }),
    );
    t.after(() => bridge.unpublish());
    await made;
    await listening;
    const { _accessoryInfo: info } = bridge;
    assert.ok(info != null);
    return new BridgeHome(t, bridge, server(), info);
  }
}

/** HAP-NodeJS's `HAPServer` by itself. */
export class ServerHome extends Home {
  private constructor(
    t: TestContext,
    readonly hapServer: HapNodeJs.HAPServer,
    server: ServerOnLoopback,
    info: HapNodeJs.AccessoryInfo,
  ) {
    super(t, server, info);
  }

  static async open(t: TestContext, engine: EngineName): Promise<ServerHome> {
    const info = hap.AccessoryInfo.create(freshUsername());
    const { made, server } = withEngine(engine, () => new hap.HAPServer(info));
    t.after(() => {
      made.destroy();
    });
    const listening = once(server(), "listening");
    made.listen(0);
    await listening;
    return new ServerHome(t, made, server(), info);
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

/** What one characteristic's entry in a write may say. */
export interface Write {
  readonly value?: unknown;
  readonly ev?: boolean;
}

/** The body of a write: by `aid.iid`. */
export function writeBody(writes: Readonly<Record<string, Write>>, more: object = {}): string {
  const characteristics = Object.entries(writes).map(([id, write]) => ({ ...parseId(id), ...write }));
  return JSON.stringify({ characteristics, ...more });
}

/** Writes characteristics, or subscribes to them. @returns HTTP's status, and HAP's by `aid.iid` where there are any. */
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
