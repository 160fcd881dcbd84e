/** The settings dialog of the plugin as a browser shows it, over bridges with encrypted traffic. Run by `node --test`. */

import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";

import { BridgeSocket } from "#src/status/bridge-socket";
import { socketOf } from "#src/status/socket-folder";
import type { Browser, FrameLocator, Page } from "playwright-core";

import { launchBrowser } from "../support/browser";
import { BusyBridge } from "../support/busy-bridge";
import { portOf } from "../support/port";
import { SettingsDialog, type Scene } from "../support/settings-dialog";

const CONFIGURED = [{ platform: "Hapwire", name: "hapwire" }];
const WIDTHS = [320, 800];

let browser: Browser;

before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
});

function createStorage(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-dialog-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** A bridge with two controllers, whose figures this process serves. */
async function serveBridge(t: TestContext, storage: string): Promise<BusyBridge> {
  const bridge = await BusyBridge.start();
  const socket = new BridgeSocket(storage, () => undefined);
  t.after(async () => {
    bridge.stop();
    await socket.close();
  });
  socket.add({ name: "Lamps", username: "0E:11:22:33:44:55", hapVersion: "2.2.3", server: bridge.server });
  await socket.ready;
  await bridge.connect();
  await bridge.connect();
  return bridge;
}

interface Opened {
  readonly page: Page;
  /** The frame with the plugin's page. */
  readonly frame: FrameLocator;
  /** Errors in the browser. */
  readonly complaints: string[];
}

async function open(t: TestContext, scene: Scene, width = 800): Promise<Opened> {
  const dialog = await SettingsDialog.open(scene);
  const context = await browser.newContext({ locale: "en", viewport: { width, height: 700 } });
  t.after(async () => {
    await context.close();
    dialog.close();
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("requestfailed", (request) => complaints.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(dialog.url);
  return { page, frame: page.frameLocator("iframe"), complaints };
}

async function shows(frame: FrameLocator, selector: string, text: string): Promise<void> {
  await frame.locator(selector).getByText(text, { exact: true }).first().waitFor();
}

/** Waits until the card of a row has this text: the dialog is narrow. */
async function showsCard(frame: FrameLocator, table: string, text: string): Promise<void> {
  await frame.locator(`${table} .card`).filter({ hasText: text }).first().waitFor();
}

/** The requests of the page to the UI. */
async function askedOf(page: Page): Promise<{ action: string; pluginConfig?: unknown }[]> {
  return page.evaluate("window.asked");
}

async function inFrame(page: Page, expression: string): Promise<unknown> {
  return page.frame("dialog")?.evaluate<unknown>(expression);
}

describe("the settings dialog in a browser", () => {
  it("shows the bridges, and numbers as they move", async (t) => {
    const storage = createStorage(t);
    const bridge = await serveBridge(t, storage);
    const { page, frame, complaints } = await open(t, { storage, config: CONFIGURED });
    await shows(frame, "#tile-open", "2");
    await showsCard(frame, "#connections", "user 1 (admin)");
    await showsCard(frame, "#servers", `port ${String(portOf(bridge.server))}`);
    await bridge.round();
    await shows(frame, "#tile-requests", "6");
    await bridge.annoy();
    await showsCard(frame, "#refusals", "ERR_HAPWIRE_HTTP");
    assert.equal(await frame.locator("#notice").isVisible(), false);
    assert.deepEqual(await askedOf(page), [{ action: "schema.show" }]);
    assert.deepEqual(complaints, []);
  });

  it("switches the plugin on by Save if it is not configured", async (t) => {
    const { page, frame } = await open(t, { storage: createStorage(t) });
    await shows(frame, "#notice", "hapwire is not on yet. Press Save, then restart Homebridge.");
    await page.waitForFunction("window.asked.some(({ action }) => action === 'schema.show')");
    const [update] = await askedOf(page);
    assert.deepEqual([update?.action, update?.pluginConfig], ["config.update", CONFIGURED]);
    assert.equal(await frame.locator("main").isVisible(), false);
  });

  it("says what to do if no bridge answers", async (t) => {
    const { frame } = await open(t, { storage: createStorage(t), config: CONFIGURED });
    await frame.locator("#notice").getByText("restart Homebridge").waitFor();
    assert.equal(await frame.locator("main").isVisible(), false);
  });

  it("names a process that hangs, beside the bridges that answer", async (t) => {
    const storage = createStorage(t);
    await serveBridge(t, storage);
    // A living process with a socket that answers nobody: the one that runs this test's parent.
    const { file } = socketOf(storage, process.ppid);
    mkdirSync(path.dirname(file), { recursive: true });
    const mute = createServer().listen(file);
    t.after(() => mute.close());
    const { frame } = await open(t, { storage, config: CONFIGURED });
    await frame
      .locator("#notice")
      .getByText(`its process (${String(process.ppid)}) is busy or hangs`)
      .waitFor();
    await shows(frame, "#tile-open", "2");
  });

  it("says that bridges run another version of hapwire", async (t) => {
    const storage = createStorage(t);
    const { file } = socketOf(storage, process.pid);
    mkdirSync(path.dirname(file), { recursive: true });
    const other = createServer((socket) => socket.end('{"format":1}')).listen(file);
    t.after(() => other.close());
    const { frame } = await open(t, { storage, config: CONFIGURED });
    await frame.locator("#notice").getByText("still run another version of hapwire").waitFor();
  });

  for (const width of WIDTHS) {
    it(`fits a dialog of ${String(width)} pixels`, async (t) => {
      const storage = createStorage(t);
      const bridge = await serveBridge(t, storage);
      await bridge.annoy();
      const { page, frame } = await open(t, { storage, config: CONFIGURED }, width);
      await showsCard(frame, "#connections", "user 1 (admin)");
      assert.equal(await inFrame(page, "document.documentElement.scrollWidth"), width);
    });
  }

  it("is dark if the UI is, whatever the browser wants", async (t) => {
    const storage = createStorage(t);
    await serveBridge(t, storage);
    const surface = async ({ page, frame }: Opened): Promise<unknown> => {
      await shows(frame, "#tile-open", "2");
      return inFrame(page, "getComputedStyle(document.querySelector('article')).backgroundColor");
    };
    const dark = await open(t, { storage, config: CONFIGURED, isDark: true });
    const light = await open(t, { storage, config: CONFIGURED });
    assert.equal(await surface(dark), "rgb(28, 28, 28)");
    await light.page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await surface(light), "rgb(255, 255, 255)");
  });
});
