/** The charts of the status page, over reports that the tests make. `npm run test:browser` */

import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import { emptyHistory } from "#src/status/history";
import { Reporter } from "#src/status/reporter";
import type { History } from "#src/status/report";
import { StatusPage } from "#src/status/status-page";
import type { Browser, Page } from "playwright-core";

import { launchBrowser } from "../support/browser";
import { ManualClock } from "../support/clock";
import { patient } from "../support/patience";

const SECONDS = 300;
const QUEUED = 0x2f6fde;
const DELIVERED = 0x1a7f4b;

let browser: Browser;

before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
});

/** Opens a page with this history. Both end with the test. */
async function open(t: TestContext, history: Partial<History>): Promise<Page> {
  const reporter = new Reporter(new ManualClock());
  const report = { ...reporter.report(), history: { ...emptyHistory(), ...history } };
  reporter.close();
  const statusPage = new StatusPage({
    port: 0,
    report: () => Promise.resolve(report),
    log: () => undefined,
  });
  const context = await browser.newContext({ locale: "en", colorScheme: "light" });
  t.after(async () => {
    await context.close();
    await statusPage.close();
  });
  const page = await context.newPage();
  await page.goto((await statusPage.ready) ?? assert.fail("the page is not served"));
  await page.locator('#state[data-state="live"]').waitFor();
  return page;
}

/** A value for each second, the oldest first. */
function column(valueOf: (second: number) => number): number[] {
  return Array.from({ length: SECONDS }, (_, second) => valueOf(second));
}

/** Waits until a chart has pixels of a colour, left of a part of its width. */
async function draws(page: Page, title: string, color: number, alpha = 1, part = 1): Promise<void> {
  const wanted = [16, 8, 0].map((shift) => ((color >> shift) & 255) * alpha + 255 * (1 - alpha));
  await page.waitForFunction(
    `(() => {
      const figure = [...document.querySelectorAll("figure")].find((it) => it.querySelector("h2").textContent.startsWith("${title}"));
      const canvas = figure.querySelector("canvas");
      const page = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
      page.fillStyle = "#fff";
      page.fillRect(0, 0, canvas.width, canvas.height);
      page.drawImage(canvas, 0, 0);
      const { data } = page.getImageData(0, 0, Math.floor(canvas.width * ${String(part)}), canvas.height);
      const wanted = ${JSON.stringify(wanted)};
      return data.some((_, i) => i % 4 === 0 && wanted.every((value, at) => Math.abs(data[i + at] - value) < 12));
    })()`,
    undefined,
    { timeout: patient(10_000) },
  );
}

/** The note in the legend of a chart about its highest spike. */
async function peakOf(page: Page, title: string): Promise<string | null> {
  return page.locator("figure", { hasText: title }).locator(".peak").textContent();
}

describe("the charts of the status page", () => {
  it("are full when the page opens", async (t) => {
    const page = await open(t, { requests: column(() => 20) });
    await draws(page, "Requests", QUEUED, 1, 0.25);
  });

  it("cut a start-up spike off, and say how high it is", async (t) => {
    const p99 = column((second) => (second < 60 ? 900 : 2));
    const page = await open(t, { p50: column(() => 1), p99 });
    assert.equal(await peakOf(page, "Request time"), "▲ up to 900 ms");
    assert.equal(await peakOf(page, "Backlog"), "");
    // Not a line at the bottom: the usual time is drawn in the upper half.
    const y = await page.evaluate<number>(`(() => {
      const canvas = document.querySelectorAll("figure canvas")[1];
      const { data } = canvas.getContext("2d").getImageData(Math.floor(canvas.width * 0.9), 0, 1, canvas.height);
      const wanted = [0xc2, 0x57, 0x0c];
      for (let y = 0; y < canvas.height; y += 1) {
        if (wanted.every((value, at) => Math.abs(data[y * 4 + at] - value) < 40) && data[y * 4 + 3] > 100) {
          return y / canvas.height;
        }
      }
      return NaN;
    })()`);
    assert.ok(y > 0.1 && y < 0.75, `p99 is drawn at ${String(y)} of the height`);
  });

  it("cut nothing off if high values are usual", async (t) => {
    const page = await open(t, { p99: column((second) => 100 + (second % 7)) });
    assert.equal(await peakOf(page, "Request time"), "");
  });

  it("show queued events below delivered ones of the same number", async (t) => {
    const events = column((second) => 50 + 20 * Math.sin(second / 20));
    const page = await open(t, { queued: events, delivered: events });
    await draws(page, "Events", DELIVERED);
    await draws(page, "Events", QUEUED, 0.5);
  });
});
