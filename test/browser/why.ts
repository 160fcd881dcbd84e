/** The answers to "why does HomeKit show No Response?" as a browser shows them, over a real bridge of HAP-NodeJS. */

import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import { StatusPage } from "#src/status/status-page";
import type { Browser, Page } from "playwright-core";

import { launchBrowser } from "../support/browser";
import { Gate, hap, HAPStatus, Lamp, TimedBridge } from "../support/timed-bridge";

const PHONE = { width: 375, height: 700 };
const HOSTILE = `<img src=x onerror="document.title='owned'">`;

let browser: Browser;

before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
});

/** A lamp whose reads fail. */
function brokenLamp(name: string): Lamp {
  const lamp = new Lamp(name);
  lamp.on.onGet(() => {
    throw new hap.HapStatusError(HAPStatus.SERVICE_COMMUNICATION_FAILURE);
  });
  return lamp;
}

/** Opens the page of a bridge. Both end with the test. */
async function open(t: TestContext, lamps: readonly Lamp[]): Promise<{ bridge: TimedBridge; page: Page }> {
  t.mock.method(console, "warn", () => undefined);
  const bridge = await TimedBridge.open(t, lamps);
  const { clock, server } = bridge;
  const statusPage = new StatusPage({ port: 0, servers: [server], log: () => undefined, clock });
  t.after(async () => statusPage.close());
  const context = await browser.newContext({ locale: "en", viewport: PHONE, isMobile: true });
  t.after(async () => context.close());
  const page = await context.newPage();
  await page.goto((await statusPage.ready) ?? assert.fail("the page is not served"));
  await page.locator('#state[data-state="live"]').waitFor();
  return { bridge, page };
}

/** Waits until an element has this text. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
}

describe("the section Why of the status page", () => {
  it("says that all is well, and later lists the problems, the worst first", async (t) => {
    const slow = new Lamp("Slow Lamp");
    const gate = new Gate();
    slow.on.onGet(async () => gate.pass());
    const broken = brokenLamp("Broken Lamp");
    const { bridge, page } = await open(t, [slow, broken]);
    await shows(page, "#why-nothing", "Nothing kept HomeKit waiting.");
    bridge.read([slow]);
    await gate.reached();
    bridge.clock.advance(1500);
    gate.open();
    await bridge.answer();
    bridge.read([broken]);
    await bridge.answer();
    bridge.clock.advance(500);
    await shows(page, "#why li:first-child span", `“Broken Lamp” ${broken.ids} answered once with -70402`);
    await shows(page, "#why li:nth-child(2) span", "took 1.5 s: “Slow Lamp” answered last");
    await shows(page, "#why li:nth-child(2) small", "Test Bridge · user 1 (admin) at 127.0.0.1");
    assert.ok(await page.locator("#why-nothing").isHidden());
    assert.ok(await page.locator("#why-fold").isHidden());
    await shows(page, "#slow .card", `waited for Slow Lamp, On (${slow.id})`);
    bridge.clock.advance(70 * 60_000);
    await page.locator("#why-nothing").waitFor({ state: "visible" });
  });

  it("shows names as text, whatever they are", async (t) => {
    const lamp = brokenLamp(HOSTILE);
    const { bridge, page } = await open(t, [lamp]);
    bridge.read([lamp]);
    await bridge.answer();
    bridge.clock.advance(500);
    await shows(page, "#why li span", `“${HOSTILE}” ${lamp.ids} answered once`);
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "hapwire status");
  });

  it("folds many findings, and fits a phone", async (t) => {
    const lamps = Array.from({ length: 9 }, (_, i) =>
      brokenLamp(`Lamp ${"without spaces".repeat(4)} ${String(i)}`),
    );
    const { bridge, page } = await open(t, lamps);
    bridge.read(lamps);
    await bridge.answer();
    bridge.clock.advance(500);
    await shows(page, "#why-summary", "3 more");
    assert.equal(await page.locator("#why li").count(), 6);
    await page.locator("#why-summary").click();
    await page.locator("#why-more li").nth(2).waitFor({ state: "visible" });
    const outside = await page.evaluate<string[]>(
      `[...document.querySelectorAll("body *")].filter((it) => !it.closest("thead"))
        .filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5).map((it) => it.outerHTML.slice(0, 80))`,
    );
    assert.deepEqual(outside, []);
  });
});
