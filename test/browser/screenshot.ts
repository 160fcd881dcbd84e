/**
 * Photographs the status page of a bridge that has run for five minutes: `node dist-test/test/browser/screenshot.js`.
 * Writes two pictures into docs/ and two into dist-test/.
 */

import path from "node:path";

import { StatusPage } from "#src/status/status-page";
import type { Browser, BrowserContextOptions } from "playwright-core";

import { launchBrowser } from "../support/browser";
import { BusyBridge } from "../support/busy-bridge";

const ROOT = path.join(__dirname, "../../..");
const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 1040 } };
const PHONE: BrowserContextOptions = { viewport: { width: 375, height: 812 }, isMobile: true };
const SHOTS: readonly (readonly [file: string, options: BrowserContextOptions])[] = [
  ["docs/status-page.png", { ...DESKTOP, colorScheme: "light" }],
  ["docs/status-page-phone.png", { ...PHONE, colorScheme: "dark" }],
  ["dist-test/status-page-dark.png", { ...DESKTOP, colorScheme: "dark" }],
  ["dist-test/status-page-phone-light.png", { ...PHONE, colorScheme: "light" }],
];

/** Milliseconds: fills the charts. */
const DURATION = 305_000;
const PAUSE = 400;
const CONTROLLERS = 8;
/** Milliseconds that an accessory takes to answer the first requests. */
const START_UP_DELAY = 850;

async function main(): Promise<void> {
  const bridge = await BusyBridge.start();
  const statusPage = new StatusPage({ port: 0, servers: [bridge.server], log: () => undefined });
  const browser = await launchBrowser();
  try {
    const url = (await statusPage.ready) ?? "about:blank";
    const end = await play(bridge);
    for (const [file, options] of SHOTS) {
      await photograph(browser, url, file, options);
    }
    await end();
  } finally {
    await browser.close();
    await statusPage.close();
    bridge.stop();
  }
}

async function photograph(
  browser: Browser,
  url: string,
  file: string,
  options: BrowserContextOptions,
): Promise<void> {
  const context = await browser.newContext({ locale: "en", ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#state[data-state="live"]').waitFor();
  // A phone shows the connections, whose cards differ from the table of a wide page.
  if (options.isMobile === true) await page.locator("section:has(#connections)").scrollIntoViewIfNeeded();
  await page.screenshot({ path: path.join(ROOT, file) });
  await context.close();
  console.log(`wrote ${file}`);
}

/**
 * Plays a slow start, a refusal, and eight controllers of three users, some of which join late. Resolves after five minutes.
 *
 * @returns A function that ends the traffic, which goes on.
 */
async function play(bridge: BusyBridge): Promise<() => Promise<void>> {
  await bridge.connect();
  await bridge.connect();
  await bridge.annoy();
  bridge.delay = START_UP_DELAY;
  await bridge.round();
  bridge.delay = 0;
  const start = performance.now();
  const end = new AbortController();
  const traffic = (async () => {
    while (!end.signal.aborted) {
      await bridge.round();
      const due = Math.min(CONTROLLERS, ((performance.now() - start) / DURATION) * 2 * CONTROLLERS);
      if (bridge.controllers.length < due) await bridge.connect();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, DURATION));
  return async () => {
    end.abort();
    await traffic;
  };
}

void main();
