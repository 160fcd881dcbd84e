/**
 * A program: a bridge of one HAP-NodeJS on hapwire by `install(hap)`, and a controller that does with it what the Home app
 * does. `node bridge-program.js FOLDER` with the package's folder; it ends with the line `ok`, or with exit code 1.
 */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

import type * as HapNodeJs from "@homebridge/hap-nodejs";
// Its IP part alone: the package's entry would load Bluetooth too.
import HttpClient from "hap-controller/lib/transport/ip/http-client";

import { EventedHTTPServer, HAPConnection } from "hapwire";
import { install, type CarriedBridge, type Installation } from "hapwire/homebridge";

import { portOf } from "../support/port";

const [, , folder = ""] = process.argv;
const LOOPBACK = "127.0.0.1";
const PIN = "031-45-154";
const USERNAME = "0E:11:22:33:44:55";

const load = createRequire(path.join(folder, "package.json"));
const hap = load(folder) as typeof HapNodeJs;

/** An advertiser that tells the network nothing: the real ones open mDNS sockets as soon as they are made. */
class SilentAdvertiser extends EventEmitter {
  /** HAP-NodeJS fills in the service that names the protocol's version, of type text. */
  static readonly protocolVersionService = "1.1.0";

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
}

/** @returns The functions of this release that hapwire replaces to answer `/accessories` faster. */
function fastFunctions(): unknown[] {
  const { toShortForm } = load("./dist/lib/util/uuid") as { toShortForm: unknown };
  const { IdentifierCache } = load("./dist/lib/model/IdentifierCache") as {
    IdentifierCache: { prototype: { save: unknown } };
  };
  return [toShortForm, IdentifierCache.prototype.save];
}

/** Each is replaced in each release, with the same results, and put back by `uninstall`. */
function checkFastFunctions(
  before: readonly unknown[],
  { bridge, installation }: Home,
  storage: string,
): void {
  const shown = bridge as unknown as {
    internalHAPRepresentation(): unknown;
    _identifierCache: { readonly _cache: object };
  };
  const fast = shown.internalHAPRepresentation();
  const [file = ""] = readdirSync(storage).filter((name) => name.startsWith("IdentifierCache."));
  assert.deepEqual(JSON.parse(readFileSync(path.join(storage, file), "utf8")), {
    cache: shown._identifierCache._cache,
  });
  assert.deepEqual(
    fastFunctions().map((now, i) => now !== before[i]),
    [true, true],
  );
  installation.uninstall();
  assert.deepEqual(fastFunctions(), before);
  assert.deepEqual(shown.internalHAPRepresentation(), fast);
  console.log("faster: ok");
}

interface Home {
  readonly bridge: HapNodeJs.Bridge;
  readonly carried: CarriedBridge;
  readonly installation: Installation;
  readonly on: HapNodeJs.Characteristic;
  readonly id: string;
}

async function main(): Promise<void> {
  const advertising = load("./dist/lib/Advertiser") as object;
  Object.assign(advertising, { CiaoAdvertiser: SilentAdvertiser, BonjourHAPAdvertiser: SilentAdvertiser });
  const storage = mkdtempSync(path.join(tmpdir(), "hapwire-seam-"));
  try {
    hap.HAPStorage.setCustomStoragePath(storage);
    const before = fastFunctions();
    const home = await publish();
    await useAsHomeDoes(home);
    checkFastFunctions(before, home, storage);
    await home.bridge.unpublish();
  } finally {
    rmSync(storage, { recursive: true });
  }
  console.log("ok");
}

async function publish(): Promise<Home> {
  let carried: CarriedBridge | undefined;
  const installation = install(hap, {
    log: (line) => {
      console.log(line);
    },
    onCarried: (bridge) => {
      carried = bridge;
    },
  });
  assert.ok(installation.isActive, installation.reason);
  const bridge = new hap.Bridge("Seam Bridge", hap.uuid.generate("seam"));
  const lamp = new hap.Accessory("Lamp", hap.uuid.generate("lamp"));
  const on = lamp.addService(hap.Service.Lightbulb).getCharacteristic(hap.Characteristic.On);
  bridge.addBridgedAccessory(lamp);
  const listening = once(bridge, "listening");
  // These enums are const: they are there at run time, but closed to `isolatedModules`.
  const { Categories, MDNSAdvertiser } = hap as {
    Categories: { BRIDGE: HapNodeJs.Categories };
    MDNSAdvertiser: { CIAO: HapNodeJs.MDNSAdvertiser };
  };
  const info = { username: USERNAME, pincode: PIN, category: Categories.BRIDGE, port: 0, bind: LOOPBACK };
  await bridge.publish({ ...info, advertiser: MDNSAdvertiser.CIAO });
  await listening;
  assert.ok(carried !== undefined, "the bridge is not carried");
  assert.deepEqual([carried.name, carried.username], [bridge.displayName, USERNAME]);
  assert.equal(carried.hap, hap);
  return { bridge, carried, installation, on, id: `${String(lamp.aid)}.${String(on.iid)}` };
}

/** Pair, read, write, subscribe, receive events, unpair. */
async function useAsHomeDoes({ carried: { server }, on, id }: Home): Promise<void> {
  let connection: unknown;
  server.once("connection-opened", (opened) => {
    connection = opened;
  });
  const unpaired = clientOf(server);
  await unpaired.pairSetup(PIN);
  console.log("pair: ok");
  assert.deepEqual(
    [HAPConnection, hap.HAPConnection].map((known) => isInstance(connection, known)),
    [true, true],
  );
  assert.deepEqual(
    [EventedHTTPServer, hap.EventedHTTPServer].map((known) => isInstance(server, known)),
    [true, true],
  );
  const pairing = unpaired.getLongTermData();
  assert.ok(pairing != null);
  const [writer, watcher] = [clientOf(server, pairing), clientOf(server, pairing)];

  const { accessories } = await writer.getAccessories();
  assert.equal(accessories.length, 2);
  assert.equal(await valueOf(writer, id), false);
  console.log("read: ok");

  const writers: unknown[] = [];
  on.on("set", (_value: unknown, callback: () => void, _context: unknown, by: unknown) => {
    writers.push(isInstance(by, hap.HAPConnection));
    callback();
  });
  await writer.setCharacteristics({ [id]: true });
  assert.deepEqual([on.value, writers], [true, [true]]);
  assert.equal(await valueOf(writer, id), true);
  console.log("write: ok");

  await watcher.subscribeCharacteristics([id]);
  for (const change of [
    () => on.updateValue(false),
    () => writer.setCharacteristics({ [id]: true }),
    () => on.updateValue(false),
  ]) {
    const told = once(watcher, "event") as Promise<[{ characteristics: readonly { value: unknown }[] }]>;
    await change();
    const [{ characteristics }] = await told;
    assert.deepEqual(
      characteristics.map(({ value }) => Boolean(value)),
      [on.value],
    );
  }
  console.log("events: ok");

  const others = once(watcher, "event-disconnect");
  await writer.removePairing(Buffer.from(pairing.iOSDevicePairingID, "hex"));
  await others;
  while (server.connections.size > 0) {
    await once(server, "connection-closed");
  }
  await assert.rejects(clientOf(server, pairing).getAccessories());
  await clientOf(server).pairSetup(PIN);
  console.log("unpair: ok");
}

function isInstance(value: unknown, known: abstract new (...args: never[]) => unknown): boolean {
  return value instanceof known;
}

async function valueOf(client: HttpClient, id: string): Promise<boolean> {
  const { characteristics } = await client.getCharacteristics([id]);
  return Boolean(characteristics[0]?.value);
}

function clientOf(
  server: EventedHTTPServer,
  pairing?: ConstructorParameters<typeof HttpClient>[3],
): HttpClient {
  return new HttpClient(USERNAME, LOOPBACK, portOf(server), pairing, {
    usePersistentConnections: true,
    subscriptionsUseSameConnection: true,
  });
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
