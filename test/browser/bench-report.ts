/** The HTML report of the benchmarks as a browser shows it. Run by `node --test`. */

import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { renderHtml } from "#bench/report/html";
import { EXAMPLE } from "../bench/example-result";
import { launchBrowser } from "../support/browser";

/** The widths of phones, in CSS pixels. */
const PHONES = [320, 375];
const COMPUTER = 1280;

let browser: Browser;

before(async () => {
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
});

/** Opens the report; it closes with the test. */
async function open(t: TestContext, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: true, ...options });
  t.after(async () => context.close());
  const page = await context.newPage();
  page.on("request", (request) => {
    assert.fail(`the report asked for ${request.url()}`);
  });
  await page.setContent(renderHtml({ ...EXAMPLE, quick: true }));
  return page;
}

async function unfold(page: Page): Promise<void> {
  await page.evaluate(`document.querySelectorAll("details").forEach((each) => { each.open = true; })`);
}

/** The elements that end right of the page, or whose text is cut off. */
async function overflowing(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.body.querySelectorAll("*")].flatMap((each) => {
    const isOutside = each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
    const isCut = each.clientWidth > 0 && !(each instanceof SVGElement) && each.scrollWidth > each.clientWidth + 1;
    return isOutside || isCut ? [each.outerHTML.slice(0, 80)] : [];
  })`);
}

describe("the report of the benchmarks in a browser", () => {
  for (const width of [...PHONES, COMPUTER]) {
    it(`fits ${String(width)} pixels, folded and unfolded`, async (t) => {
      const page = await open(t, { viewport: { width, height: 800 } });
      const isWider = async (): Promise<boolean> =>
        page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth");
      assert.equal(await isWider(), false);
      assert.deepEqual(await overflowing(page), []);
      await unfold(page);
      assert.equal(await isWider(), false);
      assert.deepEqual(await overflowing(page), []);
    });
  }

  it("is short until someone unfolds it, and its contents lead to every section", async (t) => {
    const page = await open(t, { viewport: { width: 375, height: 800 } });
    const height = async (): Promise<number> =>
      page.evaluate<number>("document.documentElement.scrollHeight");
    const folded = await height();
    assert.equal(await page.locator("details[open]").count(), 0);
    for (const link of await page.locator("nav a").all()) {
      const target = page.locator((await link.getAttribute("href")) ?? "");
      assert.equal(await target.locator("h2").innerText(), await link.innerText());
    }
    await page.locator("summary").first().click();
    await page.getByText("CPU time of a request").nth(1).waitFor();
    await unfold(page);
    assert.ok((await height()) > 2 * folded);
  });

  it("draws a bar of the length that its figure says, in light and in dark", async (t) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open(t, { viewport: { width: 375, height: 800 }, colorScheme });
      const row = page.locator("#short tr", { hasText: "GET /accessories, 149 lamps" });
      const [bar, track] = await Promise.all(
        ["rect.hapwire", "rect.track"].map(async (each) => row.locator(each).boundingBox()),
      );
      assert.ok(bar && track);
      assert.ok(Math.abs(bar.width / track.width - 1 / 1.76) < 0.01);
      const fills = await page.evaluate<string[]>(
        `["rect.hapwire", "rect.track"].map((each) => getComputedStyle(document.querySelector(each)).fill)`,
      );
      assert.equal(new Set(fills).size, 2);
    }
  });
});
