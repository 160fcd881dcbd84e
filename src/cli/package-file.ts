/** The package that the command belongs to: its folder and its manifest. */

import { readFileSync } from "node:fs";
import path from "node:path";

/** Where package.json is; this file runs from dist/cli. */
export const PACKAGE_ROOT = path.join(__dirname, "..", "..");

/** The version of hapwire. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
