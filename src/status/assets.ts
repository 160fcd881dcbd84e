/** The files of the status page. src/status/build-page.mjs puts them beside this file. */

import { readFile } from "node:fs/promises";
import path from "node:path";

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

const FOLDER = path.join(__dirname, "page");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** All files of the page. Requests read no other file. */
const FILES: ReadonlySet<string> = new Set([
  "index.html",
  "page.css",
  "icon.svg",
  "uplot.css",
  "uplot.js",
  "chart-scale.js",
  "charts.js",
  "element.js",
  "format.js",
  "main.js",
  "source.js",
  "table.js",
  "tables.js",
  "tiles.js",
  "user.js",
  "why.js",
]);

/**
 * @param urlPath - From the page's root, which is `/`.
 * @returns Undefined if the page has no such file.
 */
export async function readAsset(urlPath: string): Promise<Asset | undefined> {
  const file = urlPath === "/" ? "index.html" : urlPath.slice(1);
  const type = TYPES[path.extname(file)];
  if (!FILES.has(file) || type === undefined) {
    return undefined;
  }
  return { type, content: await readFile(path.join(FOLDER, file)) };
}
