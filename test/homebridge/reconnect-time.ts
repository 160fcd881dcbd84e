/**
 * How long 20 controllers wait after a restart of Homebridge, with the plugin and without. After `npm run build:test`:
 * `node dist-test/test/homebridge/reconnect-time.js`
 */

import { ENVIRONMENT } from "./cases";
import { Controllers } from "./controllers";
import { Homebridge } from "./homebridge";
import { installHomebridge, installPlugins, VERSIONS, type Version } from "./install";

const LAMPS = 100;
const CONTROLLERS = 20;
/** Restarts. The median counts. */
const RESTARTS = 5;

/** @returns Milliseconds until the last controller had its first answer, for each restart. */
async function measure(version: Version, plugins: string, hapwire: object | undefined): Promise<number[]> {
  const installation = await installHomebridge(version);
  const lamps = { main: LAMPS, child: 0 };
  const homebridge = await Homebridge.create(installation, { plugins, hapwire, lamps, env: ENVIRONMENT });
  const controllers = new Controllers(homebridge.main);
  const times: number[] = [];
  try {
    await homebridge.start();
    await controllers.pair();
    const found = await controllers.readAll();
    await controllers.close();
    for (let i = 0; i < RESTARTS; i += 1) {
      await homebridge.stop();
      await homebridge.start();
      times.push(await controllers.reconnect(CONTROLLERS, found));
    }
  } finally {
    await homebridge.dispose();
  }
  return times;
}

function medianOf(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN).toFixed(0);
}

async function main(): Promise<void> {
  const plugins = await installPlugins();
  const [wanted] = process.argv.slice(2);
  console.log(
    `${String(CONTROLLERS)} controllers back, ms until the last has its first answer, median of ${String(RESTARTS)}`,
  );
  for (const version of VERSIONS.filter((it) => wanted === undefined || it === wanted)) {
    const stock = await measure(version, plugins, undefined);
    const carried = await measure(version, plugins, {});
    console.log(`Homebridge ${version}: ${medianOf(stock)} without hapwire, ${medianOf(carried)} with`);
  }
  process.exit();
}

void main();
