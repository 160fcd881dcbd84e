/** sodium-native, the optional library of the portable engine, which has no addon for every platform: none for 32-bit ARM. */

import { existsSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./child";

export const SODIUM_FOLDER = path.join(ROOT, "node_modules", "sodium-native");

export const SODIUM_ADDON = path.join(
  SODIUM_FOLDER,
  "prebuilds",
  `${process.platform}-${process.arch}`,
  "sodium-native.node",
);

export const HAS_SODIUM = existsSync(SODIUM_ADDON);

/** For the names of tests that need it. */
export const NO_SODIUM = HAS_SODIUM ? "" : " (skipped: sodium-native has no addon for this platform)";
