/** `npm start -- --serve`: the bridge on the home network, for an iPhone to pair with. */

import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import qrCodeTerminal from "qrcode-terminal";

import { engineInfo, type EventedHTTPServer } from "hapwire";

import { change, DemoBridge, type BridgeIdentity, type Point } from "./bridge";
import { hap, putHapwireUnder } from "./hap";
import { format } from "./story";

type Print = (line: string) => void;

export interface ServeOptions {
  readonly accessories: number;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The folder that keeps the bridge's identity and pairings. */
  readonly storage: string;
}

export const DEFAULT_STORAGE = join(homedir(), ".hapwire-demo");

const CHANGE_INTERVAL = 4000;
const STATUS_INTERVAL = 2000;
const CHANGES_AT_ONCE = 5;

/** Setup codes that HomeKit does not allow, because they are too easy to guess. */
const FORBIDDEN_CODES = Array.from("0123456789", (digit) => digit.repeat(8)).concat("12345678", "87654321");

/** Serves the bridge until Ctrl-C. @throws Error if it cannot listen. */
export async function serve(print: Print, { accessories, port, storage }: ServeOptions): Promise<void> {
  mkdirSync(storage, { recursive: true, mode: 0o700 });
  const identity = loadIdentity(join(storage, "identity.json"));
  const servers: EventedHTTPServer[] = [];
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_resolve, reject) => (fail = reject));
  putHapwireUnder((server) => {
    servers.push(server);
    server.once("error", fail);
  });
  hap.HAPStorage.setCustomStoragePath(join(storage, "persist"));
  const bridge = new DemoBridge(`hapwire demo ${identity.username.slice(-2)}`, accessories);
  try {
    const boundPort = await Promise.race([bridge.publish(identity, port), failure]);
    printInvitation(print, bridge.setupUri, identity.pincode);
    print(`bridge       ${String(accessories)} accessories, port ${String(boundPort)}`);
    const { name, aead, reason } = engineInfo();
    print(`engine       ${name} (${aead}; ${reason})`);
    print(`storage      ${storage}`);
    print("\nIn the Home app: Add Accessory, then scan the code. Ctrl-C stops.\n");
    const changing = setInterval(changeSome, CHANGE_INTERVAL, sensorsOf(bridge));
    const showing = setInterval(showStatus, STATUS_INTERVAL, print, servers);
    await interrupted();
    clearInterval(changing);
    clearInterval(showing);
    print("\nstopping");
  } finally {
    await bridge.unpublish();
  }
}

/** Reads the bridge's name on the network and its setup code. The first start makes them. */
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

/** Makes a random address from the range that no manufacturer uses. */
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

function printInvitation(print: Print, setupUri: string, pincode: string): void {
  qrCodeTerminal.generate(setupUri, { small: true }, print);
  print(`setup code   ${pincode}`);
  print(`setup URI    ${setupUri}`);
}

/** The characteristics that change by themselves. */
function sensorsOf(bridge: DemoBridge): Point[] {
  const C = hap.Characteristic;
  return [
    ...[C.CurrentTemperature, C.CurrentRelativeHumidity, C.CurrentAmbientLightLevel, C.AirQuality],
    ...[C.PM2_5Density, C.CarbonDioxideLevel, C.MotionDetected, C.BatteryLevel],
  ].flatMap((type) => bridge.ofType(type));
}

function changeSome(points: readonly Point[]): void {
  change(points.filter(() => randomInt(points.length) < CHANGES_AT_ONCE));
}

let lastStatus = "";

/** Shows one line, which a terminal writes over. Elsewhere it is a line for each change. */
function showStatus(print: Print, servers: readonly EventedHTTPServer[]): void {
  const [stats] = servers.map((server) => server.stats());
  const status =
    `connections ${format(stats?.connections ?? 0)}   requests ${format(stats?.total.requests ?? 0)}   ` +
    `events ${format(stats?.total.eventsDelivered ?? 0)}`;
  if (process.stdout.isTTY) {
    process.stdout.write(`\r\u001b[K${status}`);
  } else if (status !== lastStatus) {
    print(status);
  }
  lastStatus = status;
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
