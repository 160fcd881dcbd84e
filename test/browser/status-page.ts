/** The status page as a browser shows it, over a bridge with encrypted traffic. Run by `node --test`. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it, type TestContext } from "node:test";

import { StatusPage } from "#src/status/status-page";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { launchBrowser } from "../support/browser";
import { BusyBridge } from "../support/busy-bridge";
import { portOf } from "../support/port";

/** The widths of the smallest phone still sold and of most phones, in CSS pixels. */
const PHONES = [320, 375];
/** More than two lines of text, in CSS pixels. */
const CARD_HEIGHT = 64;
const CHARTS = 6;
/** The contrast between text and ground that people with poor sight need. [WCAG 2.2 §1.4.3] */
const LEAST_CONTRAST = 4.5;

let browser: Browser;
let bridge: BusyBridge;
let statusPage: StatusPage;
let url: string;

before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
});
beforeEach(async (context) => {
  bridge = await BusyBridge.start();
  statusPage = new StatusPage({ port: 0, servers: [bridge.server], log: () => undefined });
  url = (await statusPage.ready) ?? assert.fail("the page is not served");
  (context as TestContext).after(async () => {
    await statusPage.close();
    bridge.stop();
  });
});

interface Opened {
  page: Page;
  /** URLs that the page asked for, so far. */
  requests: string[];
  /** The browser's complaints: errors, and requests that its content security policy refused. */
  complaints: string[];
}

/** Opens the page; it ends with the test. */
async function open(t: TestContext, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ locale: "en", ...options });
  t.after(async () => context.close());
  const page = await context.newPage();
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(url);
  await page.locator('#state[data-state="live"]').waitFor();
  return { page, requests, complaints };
}

/** Waits until an element shows this text and nothing else. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector).getByText(text, { exact: true }).first().waitFor();
}

async function textsOf(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).allTextContents();
}

describe("the status page in a browser", () => {
  it("shows connections as they come and go, and numbers as they move", async (t) => {
    await bridge.connect();
    const { page } = await open(t);
    await shows(page, "#tile-open", "1");
    await shows(page, "#connections td:first-child", "user 1 (admin)");
    await shows(page, "#tile-requests", "2");

    const second = await bridge.connect();
    await shows(page, "#connections td:first-child", "user 2");
    await bridge.round();
    await bridge.round();
    await shows(page, "#tile-requests", "8");
    // A round of two characteristics and one of three, the last one twice to the same value, for two controllers.
    await shows(page, "#tile-events", "10 queued, 4 coalesced");
    await second.receiveEvents(5);
    await shows(page, "#tile-events", "10");
    await shows(page, "#tile-backlog", "0");
    assert.deepEqual(await textsOf(page, "#servers td:nth-child(1)"), [String(portOf(bridge.server))]);

    second.destroy();
    await shows(page, "#tile-open", "1");
    assert.deepEqual(await textsOf(page, "#connections td:first-child"), ["user 1 (admin)"]);
    await bridge.annoy();
    await shows(page, "#refusals", "ERR_HAPWIRE_HTTP");
  });

  it("draws charts whose newest values stand beside them", async (t) => {
    const { page } = await open(t);
    await bridge.connect();
    await bridge.round();
    await shows(page, "#tile-requests", "3");
    const value = page.locator("figure", { hasText: "Request time" }).locator("dd", { hasText: /^\d/ });
    await value.first().waitFor();
    assert.equal(await page.locator("figure canvas").count(), CHARTS);
    await page
      .locator("figure", { hasText: "Event-loop delay" })
      .locator("dd", { hasText: /^\d/ })
      .first()
      .waitFor();
    // The line has two samples after a while. Its chart then has pixels of its colour.
    await page.evaluate(`new Promise((resolve) => {
      const canvas = document.querySelector("figure:nth-child(2) canvas");
      const wanted = getComputedStyle(document.documentElement).getPropertyValue("--line-2").trim().slice(1);
      const [r, g, b] = [0, 2, 4].map((at) => parseInt(wanted.slice(at, at + 2), 16));
      const isNear = (one, other) => Math.abs(one - other) < 16;
      const look = () => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const isDrawn = data.some((value, i) =>
          i % 4 === 0 && isNear(value, r) && isNear(data[i + 1], g) && isNear(data[i + 2], b) && data[i + 3] > 128);
        if (isDrawn) resolve(); else requestAnimationFrame(look);
      };
      look();
    })`);
  });

  it("asks nobody but its own server, and breaks none of its own rules", async (t) => {
    await bridge.connect();
    const { page, requests, complaints } = await open(t);
    await bridge.round();
    await shows(page, "#tile-requests", "3");
    const origins = new Set(requests.map((request) => new URL(request).origin));
    assert.deepEqual([...origins], [new URL(url).origin]);
    assert.ok(requests.some((request) => request.endsWith("/status.json")));
    assert.deepEqual(complaints, []);
  });

  for (const width of PHONES) {
    it(`fits a phone of ${String(width)} pixels`, async (t) => {
      for (let i = 0; i < 16; i += 1) {
        await bridge.connect();
      }
      await bridge.annoy();
      const { page } = await open(t, { viewport: { width, height: 700 }, isMobile: true });
      await page.locator("#connections .card").nth(15).waitFor();
      const [content, window] = await page.evaluate<[number, number]>(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
      );
      assert.deepEqual([content, window], [width, width]);
      const outside = await page.evaluate<string[]>(
        `[...document.querySelectorAll("body *")].filter((it) => !it.closest("thead"))
          .filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5).map((it) => it.outerHTML.slice(0, 80))`,
      );
      assert.deepEqual(outside, []);
      const height = await page.evaluate("document.getElementById('connections').offsetHeight");
      assert.ok(Number(height) < 16 * CARD_HEIGHT, `16 connections are ${String(height)} pixels high`);
    });
  }

  it("says on a phone who is connected and how much it watches, in a card of two lines", async (t) => {
    const controller = await bridge.connect();
    await bridge.round();
    await controller.receiveEvents(2);
    const { page } = await open(t, { viewport: { width: 375, height: 700 }, isMobile: true });
    await page.locator("#connections .card").waitFor();
    assert.deepEqual(await textsOf(page, "#connections .card p"), [
      "user 1 (admin) · 127.0.0.1",
      "watches 20 · 3 requests · 2 events",
    ]);
  });

  it("shows the beginning of the pairing in the tooltip of a user", async (t) => {
    await bridge.connect();
    const { page } = await open(t);
    await shows(page, "#connections td:nth-child(6)", "20");
    const tip = await page.locator("#connections tbody tr").getAttribute("title");
    assert.match(tip ?? "", /^The pairing of this user begins with 3F9A… /);
  });

  it("is light or dark as the browser wants it, readable in both", async (t) => {
    const { page } = await open(t, { colorScheme: "light" });
    const light = await coloursOf(page);
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await coloursOf(page);
    assert.ok(luminance(light.surface) > 0.8 && luminance(dark.surface) < 0.05);
    for (const { surface, ...texts } of [light, dark]) {
      for (const [name, colour] of Object.entries(texts)) {
        const ratio = contrast(colour, surface);
        assert.ok(ratio >= LEAST_CONTRAST, `${name}: ${colour} on ${surface} has ${ratio.toFixed(2)}`);
      }
    }
  });

  it("says when the bridge does not answer any more", async (t) => {
    const { page } = await open(t);
    await statusPage.close();
    await page.locator('#state[data-state="lost"]').waitFor();
    await shows(page, "header", "the bridge does not answer");
  });
});

type Colours = Record<"surface" | "text" | "muted" | "good" | "bad", string>;

/** The colours of page.css, as `#rrggbb`. */
async function coloursOf(page: Page): Promise<Colours> {
  return page.evaluate<Colours>(`Object.fromEntries(["surface", "text", "muted", "good", "bad"].map((name) =>
    [name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()]))`);
}

/** [WCAG 2.2, relative luminance] */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
