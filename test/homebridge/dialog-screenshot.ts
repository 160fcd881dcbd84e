/**
 * Writes docs/settings-dialog.png: the settings dialog over a real Homebridge with a child bridge and an external accessory. After
 * `npm run build:test`: `node dist-test/test/homebridge/dialog-screenshot.js`
 */

import path from "node:path";

import { launchBrowser } from "../support/browser";
import { ROOT } from "../support/child";
import { SettingsDialog } from "../support/settings-dialog";
import { ENVIRONMENT } from "./cases";
import { Controllers } from "./controllers";
import { Homebridge } from "./homebridge";
import { installHomebridge, installPlugins } from "./install";

const TARGET = path.join(ROOT, "docs", "settings-dialog.png");
/** The width of the UI's dialog. */
const SIZE = { width: 800, height: 900 };
/** Milliseconds: enough for lines in the charts. */
const DURATION = 150_000;
const PAUSE = 700;

async function main(): Promise<void> {
  const plugins = await installPlugins();
  const homebridge = await Homebridge.create(await installHomebridge("2.4.0"), {
    plugins,
    hapwire: {},
    external: true,
    lamps: { main: 20, child: 10 },
    env: ENVIRONMENT,
  });
  const browser = await launchBrowser();
  try {
    await homebridge.start();
    const homes = [homebridge.main, homebridge.child, homebridge.external].map((it) => new Controllers(it));
    for (const home of homes) await home.pair();
    const config = [{ platform: "Hapwire", name: "hapwire" }];
    const dialog = await SettingsDialog.open({ storage: homebridge.storage, config });
    const page = await browser.newPage({ viewport: SIZE, locale: "en" });
    await page.goto(dialog.url);
    const end = performance.now() + DURATION;
    while (performance.now() < end) {
      for (const home of homes) await home.writeAndReceive(await home.readAll());
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    // Left open, so that there are connections to see.
    for (const home of homes) await home.readAll();
    await page.waitForFunction(
      "frames.dialog.document.querySelectorAll('#connections tbody tr').length === 3",
    );
    await page.screenshot({ path: TARGET, fullPage: true });
    console.log(`wrote ${path.relative(ROOT, TARGET)}`);
  } finally {
    await browser.close();
    await homebridge.dispose();
  }
  process.exit();
}

void main();
