/**
 * The plugin on real Homebridges with real controllers: `node dist-test/test/homebridge/main.js [VERSION | NAME …]`.
 *
 * Arguments choose the versions, and the cases whose names have a NAME in them, as in `main.js 2.4.0 killed`. The versions
 * run side by side, because Homebridge mostly waits.
 */

import { CASES, runCase, type Case } from "./cases";
import { installHomebridge, installPlugins, VERSIONS, type Version } from "./install";

/** Milliseconds for all. Only a hang exceeds it. */
const PATIENCE = 900_000;

/** @returns How many cases failed. */
async function tryVersion(version: Version, cases: readonly Case[], plugins: string): Promise<number> {
  const installation = await installHomebridge(version);
  const endings: Promise<void>[] = [];
  let failed = 0;
  for (const it of cases) {
    const started = performance.now();
    let verdict = "ok";
    try {
      const dispose = await runCase(it, installation, plugins);
      // Homebridge needs 5 s to end: the next case does not wait for that.
      endings.push(dispose());
    } catch (error) {
      verdict = `FAILED\n${(error as Error).message}`;
      failed += 1;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${version.padEnd(7)} ${seconds.padStart(5)} s  ${it.name}: ${verdict}`);
  }
  await Promise.all(endings);
  return failed;
}

async function main(): Promise<void> {
  const deadline = setTimeout(() => {
    console.error("test:homebridge: took too long");
    process.exit(1);
  }, PATIENCE);
  const words = process.argv.slice(2);
  const wanted = VERSIONS.filter((version) => words.includes(version));
  const parts = words.filter((word) => !wanted.some((version) => version === word));
  const cases = CASES.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const plugins = await installPlugins();
  const versions = wanted.length === 0 ? VERSIONS : wanted;
  const failures = await Promise.all(versions.map((version) => tryVersion(version, cases, plugins)));
  clearTimeout(deadline);
  const failed = failures.reduce((sum, count) => sum + count, 0);
  console.log(`test:homebridge: ${failed === 0 ? "ok" : `${String(failed)} cases failed`}`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main().catch((error: unknown) => {
  console.error(error);
  console.error("test:homebridge: failed");
  // Controllers may still be connected.
  process.exit(1);
});
