/** Writes docs/status-page.png: the status page over a busy bridge, after a while. `node dist-test/test/browser/screenshot.js` */

import path from "node:path";

import { StatusPage } from "#src/status/status-page";

import { launchBrowser } from "../support/browser";
import { BusyBridge } from "../support/busy-bridge";

const TARGET = path.join(__dirname, "../../../docs/status-page.png");
const SIZE = { width: 1280, height: 900 };
/** Milliseconds: enough for lines to be seen. */
const DURATION = 285_000;
const PAUSE = 400;

async function main(): Promise<void> {
  const bridge = await BusyBridge.start();
  const statusPage = new StatusPage({ port: 0, servers: [bridge.server] });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: SIZE, locale: "en" });
    await page.goto((await statusPage.ready) ?? "about:blank");
    await play(bridge);
    await page.screenshot({ path: TARGET, fullPage: true });
    console.log(`wrote ${path.relative(process.cwd(), TARGET)}`);
  } finally {
    await browser.close();
    await statusPage.close();
    bridge.stop();
  }
}

/** Three controllers, one of which joins late, more and fewer events, a refusal, a stranger. */
async function play(bridge: BusyBridge): Promise<void> {
  const end = Date.now() + DURATION;
  await bridge.connect();
  await bridge.connect();
  await bridge.annoy();
  while (Date.now() < end) {
    await bridge.round();
    if (bridge.controllers.length < 3 && Date.now() > end - DURATION / 2) {
      await bridge.connect();
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

void main();
