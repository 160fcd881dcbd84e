/**
 * A real Homebridge with 100 lamps and real controllers, under the preload and without it: `npm run test:homebridge`.
 *
 * Fails where anything goes wrong under the preload, or the preload is not where it should be; what it costs with and
 * without is in the table at the end.
 */

import assert from "node:assert/strict";

import { Homebridge } from "./homebridge";
import { install, type Installation } from "./install";
import { Controllers, type Reconnection } from "./scenario";

const LAMPS = 100;
const CONTROLLERS = 20;
/** Restarts with all controllers coming back; the median counts. */
const RESTARTS = 3;
/** Milliseconds for all; only a hang meets it. */
const PATIENCE = 900_000;

interface Mode {
  readonly title: string;
  readonly preload: boolean;
  readonly childBridge: boolean;
}

const MODES: readonly Mode[] = [
  { title: "Homebridge, as it is", preload: false, childBridge: false },
  { title: "Homebridge, preloaded", preload: true, childBridge: false },
  { title: "child bridge, as it is", preload: false, childBridge: true },
  { title: "child bridge, preloaded", preload: true, childBridge: true },
];

/** Milliseconds by step, in the order of the steps. */
type Row = Map<string, number>;

async function main(): Promise<void> {
  const deadline = setTimeout(() => {
    console.error("test:homebridge: took too long");
    process.exit(1);
  }, PATIENCE);
  const installation = await install();
  const rows = new Map<string, Row>();
  for (const mode of MODES) {
    console.log(`=== ${mode.title}`);
    rows.set(mode.title, await live(installation, mode));
  }
  clearTimeout(deadline);
  console.log(`\nHomebridge ${installation.version}, ${String(LAMPS)} lamps; milliseconds`);
  printTable(rows);
  console.log("test:homebridge: ok");
}

/** The life of a bridge from its first start until it is unpaired. */
async function live(installation: Installation, mode: Mode): Promise<Row> {
  const row: Row = new Map();
  const step = async <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await act();
    row.set(name, performance.now() - start);
    console.log(`${name}: ok`);
    return result;
  };
  const homebridge = await Homebridge.create(installation, { ...mode, lamps: LAMPS });
  const controllers = new Controllers(homebridge);
  try {
    await step("start", () => homebridge.start());
    checkPreload(homebridge, mode);
    await step("pair", () => controllers.pair());
    const lamps = await step("read all", () => controllers.readAll(LAMPS));
    await step("write, be told", () => controllers.writeAndReceive(lamps));
    const reconnections: Reconnection[] = [];
    for (let i = 0; i < RESTARTS; i += 1) {
      await controllers.close();
      await step("stop", () => homebridge.stop());
      await step("start again", () => homebridge.start());
      reconnections.push(await controllers.reconnect(CONTROLLERS, lamps));
    }
    checkPreload(homebridge, mode);
    row.set(`${String(CONTROLLERS)} back: sessions`, medianOf(reconnections.map(({ sessions }) => sessions)));
    row.set(`${String(CONTROLLERS)} back: answers`, medianOf(reconnections.map(({ answers }) => answers)));
    assert.deepEqual(await step("read all again", () => controllers.readAll(LAMPS)), lamps);
    await step("write, be told again", () => controllers.writeAndReceive(lamps));
    await step("unpair", () => controllers.unpair());
    await homebridge.stop();
  } catch (error) {
    console.error(homebridge.log.slice(-30).join("\n"));
    throw error;
  } finally {
    await controllers.close();
    await homebridge.dispose();
  }
  return row;
}

/** Homebridge says once that hapwire is there, and each of its child bridges does. */
function checkPreload({ preloadLines }: Homebridge, { preload, childBridge }: Mode): void {
  preloadLines.forEach((line) => {
    console.log(line);
  });
  assert.equal(preloadLines.length, !preload ? 0 : childBridge ? 2 : 1, preloadLines.join("\n"));
  for (const line of preloadLines) {
    assert.match(line, /^hapwire \S+ is under @homebridge\/hap-nodejs 2\.\S+: /);
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function printTable(rows: ReadonlyMap<string, Row>): void {
  const titles = [...rows.keys()];
  const steps = [...(rows.get(titles[0] ?? "")?.keys() ?? [])];
  const widths = titles.map((title) => title.length + 2);
  console.log("".padEnd(24), titles.map((title, i) => title.padStart(widths[i] ?? 0)).join(""));
  for (const name of steps) {
    const cells = titles.map((title, i) => {
      const time = rows.get(title)?.get(name) ?? NaN;
      return time.toFixed(0).padStart(widths[i] ?? 0);
    });
    console.log(name.padEnd(24), cells.join(""));
  }
}

void main().catch((error: unknown) => {
  console.error(error);
  console.error("test:homebridge: failed");
  // Not by its end: controllers may still be connected.
  process.exit(1);
});
