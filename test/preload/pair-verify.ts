/**
 * What pairing costs a bridge, with the preload and without: `npm run bench:pair-verify -- [--verifies N]`.
 *
 * CPU time of HAP-NodeJS's server process for each pair-verify, from its start on, as after a restart. Each verify is a
 * connection of its own; what a connection with as many requests costs that end in nothing is measured beside it. Then the
 * cryptography of a pair-verify by itself, the CPU time of sealing and opening frames of HomeKit Data Stream, and for how
 * long a pair-setup stalls the server.
 */

import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import type { MessageCrypto } from "#src/homebridge/message-crypto";

import type { Controller } from "../support/controller";
import { HapServerProcess } from "../support/hap-server";
import { costOfSetup } from "./pair-setup";
import {
  costOfCryptography,
  loadPairingCrypto,
  type BothCryptos,
  type CryptographyCost,
} from "./pair-verify-crypto";

const DEFAULT_VERIFIES = 200;
/** As many as the controllers of a large home: what a bridge meets when it has restarted. */
const FIRST = 20;

/** Microseconds of CPU for one of each. */
interface Cost {
  /** The mean of the first {@link FIRST} pair-verifies. */
  readonly first: number;
  /** The mean of all of them. */
  readonly verify: number;
  /** A connection with two requests that end in nothing. */
  readonly connection: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { verifies: { type: "string", default: String(DEFAULT_VERIFIES) }, help: { type: "boolean" } },
  });
  const verifies = Number(values.verifies);
  if (values.help === true || !Number.isInteger(verifies) || verifies <= FIRST) {
    console.log(
      `usage: npm run bench:pair-verify -- [--verifies N]   (default 200, more than ${String(FIRST)})`,
    );
    process.exitCode = values.help === true ? 0 : 2;
    return;
  }
  const before = await measure(false, verifies);
  const after = await measure(true, verifies);
  showVerifies(before, after, verifies);
  const crypto = loadPairingCrypto();
  showCryptography(before, after, costOfCryptography(crypto));
  showFrames(crypto);
  await showSetup();
}

async function showSetup(): Promise<void> {
  console.log("\nPair-setup, median in ms: the answers to M1 and M3");
  console.log("".padEnd(20), ["CPU, M2", "stall, M2", "CPU, M4", "stall, M4"].map(cell).join(""));
  for (const [name, preload] of [
    ["HAP-NodeJS", false],
    ["under the preload", true],
  ] as const) {
    const { m2, m4 } = await costOfSetup(preload);
    const cells = [m2.cpu, m2.stall, m4.cpu, m4.stall].map((time) => cell(time.toFixed(1)));
    console.log(name.padEnd(20), cells.join(""));
  }
}

function cell(text: string): string {
  return text.padStart(12);
}

function showVerifies(before: Cost, after: Cost, verifies: number): void {
  console.log(`CPU of the server in ms, mean of ${String(verifies)}; Node ${process.version}`);
  const row = (name: string, ...cells: readonly string[]): void => {
    console.log(name.padEnd(20), cells.map((cell) => cell.padStart(18)).join(""));
  };
  row("", "pair-verify", `first ${String(FIRST)} of them`, "connection alone", "difference");
  for (const [name, cost] of [
    ["HAP-NodeJS", before],
    ["under the preload", after],
  ] as const) {
    row(name, ...[cost.verify, cost.first, cost.connection, withoutConnection(cost)].map(ms));
  }
  const times = (of: (cost: Cost) => number): string => `${(of(before) / of(after)).toFixed(1)} x`;
  row(
    "",
    times(({ verify }) => verify),
    times(({ first }) => first),
    times(({ connection }) => connection),
    times(withoutConnection),
  );
}

/** The three ratios that say what a pair-verify gains, by what is left out. */
function showCryptography(before: Cost, after: Cost, cryptography: CryptographyCost): void {
  console.log(
    `\nIts cryptography alone, in ms: ${ms(cryptography.before)} by HAP-NodeJS, ${ms(cryptography.after)} under the preload`,
  );
  const { median = NaN, min = NaN, max = NaN } = cryptography.ratio ?? {};
  const times = (ratio: number): string => `${ratio.toFixed(1)} times`;
  console.log("So under the preload a pair-verify takes");
  console.log(`  ${times(before.verify / after.verify)} less CPU as a whole,`);
  console.log(
    `  ${times(withoutConnection(before) / withoutConnection(after))} less without its connection,`,
  );
  console.log(
    `  ${times(median)} less in its cryptography alone (median; ${min.toFixed(1)} to ${max.toFixed(1)}).`,
  );
}

function withoutConnection({ verify, connection }: Cost): number {
  return verify - connection;
}

function ms(microseconds: number): string {
  return (microseconds / 1_000).toFixed(2);
}

async function measure(preload: boolean, verifies: number): Promise<Cost> {
  const server = await HapServerProcess.start({ packageName: "@homebridge/hap-nodejs", preload });
  try {
    const verifyOnce = (): Promise<Controller> => server.verify();
    const first = await costOf(server, FIRST, verifyOnce);
    const rest = await costOf(server, verifies - FIRST, verifyOnce);
    const connection = await costOf(server, verifies, () => server.visit());
    return { first, verify: (first * FIRST + rest * (verifies - FIRST)) / verifies, connection };
  } finally {
    await server.stop();
  }
}

async function costOf(
  server: HapServerProcess,
  times: number,
  act: () => Promise<Controller>,
): Promise<number> {
  const before = await server.cpuTime();
  await repeat(times, act);
  return ((await server.cpuTime()) - before) / times;
}

/** One after the other, each on a connection that is closed when it is done. */
async function repeat(times: number, act: () => Promise<Controller>): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const controller = await act();
    controller.destroy();
    await controller.closed;
  }
}

/** From a small message to what HomeKit Secure Video sends at once. */
const FRAME_SIZES = [100, 1_000, 65_536, 262_144];
/** Bytes that each figure is taken from; and of the rounds, the best counts. */
const FRAME_BYTES = 20_000_000;
const MOST_FRAMES = 5_000;
const ROUNDS = 7;

function showFrames(crypto: BothCryptos): void {
  console.log("\nCPU of a HomeKit Data Stream frame in us");
  console.log(
    "bytes".padStart(10),
    "seal before".padStart(14),
    "after".padStart(8),
    "open before".padStart(14),
    "after".padStart(8),
  );
  for (const size of FRAME_SIZES) {
    const [before, after] = [
      frameCost(crypto.before.hapCrypto, size),
      frameCost(crypto.after.hapCrypto, size),
    ];
    console.log(
      String(size).padStart(10),
      before.seal.toFixed(1).padStart(14),
      after.seal.toFixed(1).padStart(8),
      before.open.toFixed(1).padStart(14),
      after.open.toFixed(1).padStart(8),
    );
  }
}

function frameCost(crypto: MessageCrypto, size: number): { seal: number; open: number } {
  const [key, nonce, header, payload] = [randomBytes(32), randomBytes(8), randomBytes(4), randomBytes(size)];
  const { ciphertext, authTag } = crypto.chacha20_poly1305_encryptAndSeal(key, nonce, header, payload);
  return {
    seal: bestOf(size, () => crypto.chacha20_poly1305_encryptAndSeal(key, nonce, header, payload)),
    open: bestOf(size, () =>
      crypto.chacha20_poly1305_decryptAndVerify(key, nonce, header, ciphertext, authTag),
    ),
  };
}

/** @returns microseconds of CPU for one call. */
function bestOf(size: number, act: () => unknown): number {
  const times = Math.min(MOST_FRAMES, Math.ceil(FRAME_BYTES / size));
  const round = (): number => {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i += 1) {
      act();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  };
  return Math.min(...Array.from({ length: ROUNDS }, round));
}

void main();
