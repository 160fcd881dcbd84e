/** `npm start -- --serve`: the bridge on the home network, for an iPhone to pair with. */

import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import qrCodeTerminal from "qrcode-terminal";

import { engineInfo } from "hapwire";
import { BridgeSide, type BridgeTotals } from "./bridge-side";
import { DemoBridge, type BridgeIdentity, type Point } from "./bridge";
import { loadHap, type Hap } from "./hap";
import { itemAt } from "./items";
import { formatNumber } from "./report";
import { print } from "./terminal";

/** How the bridge is served. */
export interface ServeOptions {
  accessories: number;
  /** 0 lets the system choose. */
  port: number;
  /** The folder that keeps the bridge's identity and pairings from one run to the next. */
  storage: string;
}

/** Where the bridge's identity and pairings are kept unless told otherwise. */
export const DEFAULT_STORAGE = join(homedir(), ".hapwire-demo");

const CHANGE_INTERVAL = 4000;
const STATUS_INTERVAL = 2000;
const CHANGES_AT_ONCE = 5;

/** Setup codes that HomeKit does not allow, because they are too easy to guess. */
const FORBIDDEN_CODES = Array.from("0123456789", (digit) => digit.repeat(8)).concat("12345678", "87654321");

/** Serves the bridge until Ctrl-C. @throws Error where it cannot listen. */
export async function serve({ accessories, port, storage }: ServeOptions): Promise<void> {
  mkdirSync(storage, { recursive: true, mode: 0o700 });
  const identity = loadIdentity(join(storage, "identity.json"));
  const bridgeSide = new BridgeSide();
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const hap = loadHap((server) => {
    bridgeSide.watch(server);
    server.once("error", fail);
  });
  hap.HAPStorage.setCustomStoragePath(join(storage, "persist"));
  const bridge = new DemoBridge(hap, `hapwire demo ${identity.username.slice(-2)}`, accessories);
  try {
    const boundPort = await Promise.race([bridge.publish(identity, port), failure]);
    printInvitation(bridge, identity, boundPort, storage);
    await showUntilInterrupted(hap, bridge, bridgeSide);
  } finally {
    await bridge.unpublish();
  }
}

async function showUntilInterrupted(hap: Hap, bridge: DemoBridge, bridgeSide: BridgeSide): Promise<void> {
  const sensors = sensorPoints(hap, bridge);
  const changing = setInterval(changeSome, CHANGE_INTERVAL, bridge, sensors);
  const status = new StatusLine();
  const showing = setInterval(() => {
    status.show(bridgeSide.totals());
  }, STATUS_INTERVAL);
  await interrupted();
  clearInterval(changing);
  clearInterval(showing);
  print("\nstopping");
}

/** The bridge's name on the network and its setup code: made at the first start, the same ever after. */
function loadIdentity(file: string): BridgeIdentity {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as BridgeIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new Error(`${file} cannot be read; remove it to start afresh`, { cause: error });
    }
  }
  const identity = { username: createUsername(), pincode: createPincode() };
  writeFileSync(file, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  return identity;
}

/** A random address of those that no manufacturer gives to a device. */
function createUsername(): string {
  const bytes = randomBytes(6);
  bytes.writeUInt8((bytes.readUInt8(0) & 0xfc) | 0x02, 0);
  return bytes.toString("hex").toUpperCase().match(/../g)?.join(":") ?? "";
}

function createPincode(): string {
  const digits = String(randomInt(100_000_000)).padStart(8, "0");
  return FORBIDDEN_CODES.includes(digits)
    ? createPincode()
    : `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`;
}

function printInvitation(
  bridge: DemoBridge,
  { pincode }: BridgeIdentity,
  port: number,
  storage: string,
): void {
  const { name, aead, reason } = engineInfo();
  qrCodeTerminal.generate(bridge.setupUri, { small: true }, print);
  print(`setup code   ${pincode}`);
  print(`setup URI    ${bridge.setupUri}`);
  print(`bridge       ${formatNumber(bridge.accessoryCount)} accessories, port ${String(port)}`);
  print(`engine       ${name} (${aead}; ${reason})`);
  print(`storage      ${storage}`);
  print("\nIn the Home app: Add Accessory, then scan the code. Ctrl-C stops.\n");
}

/** What changes without anybody's doing: what sensors measure. */
function sensorPoints(hap: Hap, bridge: DemoBridge): Point[] {
  const C = hap.Characteristic;
  return [
    C.CurrentTemperature,
    C.CurrentRelativeHumidity,
    C.CurrentAmbientLightLevel,
    C.AirQuality,
    C.PM2_5Density,
    C.CarbonDioxideLevel,
    C.MotionDetected,
    C.BatteryLevel,
  ].flatMap((type) => bridge.ofType(type));
}

function changeSome(bridge: DemoBridge, points: readonly Point[]): void {
  if (points.length > 0) {
    bridge.change(Array.from({ length: CHANGES_AT_ONCE }, () => itemAt(points, randomInt(points.length))));
  }
}

/** One line, written over in a terminal; elsewhere, a line each time that something is new. */
class StatusLine {
  #last = "";

  show({ connections, requests, events }: BridgeTotals): void {
    const status =
      `connections ${formatNumber(connections)}   requests ${formatNumber(requests)}   ` +
      `events ${formatNumber(events)}`;
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\u001b[K${status}`);
    } else if (status !== this.#last) {
      print(status);
    }
    this.#last = status;
  }
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}
