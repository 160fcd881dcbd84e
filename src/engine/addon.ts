/** Loads the addon: the one that was built here, or else the prebuilt one. */

import { readFileSync } from "node:fs";
import path from "node:path";

import { damageOf } from "./addon-damage";
import { AddonError, faultBehind, type AddonFault, type RejectedAddon } from "./addon-error";
import { searchForAddon, type AddonOrigin, type AddonPlace } from "./addon-places";

/** The origin of an addon that was loaded. */
export interface AddonFile {
  readonly file: string;
  readonly origin: AddonOrigin;
  /** The files that were tried before. */
  readonly rejected: readonly RejectedAddon[];
}

/** An addon that has loaded. */
export interface LoadedAddon extends AddonFile {
  /** See native/binding. */
  readonly exports: object;
}

/**
 * Loads the first addon that works.
 *
 * @throws {@link AddonError} if none does.
 */
export function loadAddon(): LoadedAddon {
  const { places, absence } = searchForAddon();
  const rejected: RejectedAddon[] = [];
  let fault = absence;
  let cause: unknown;
  for (const place of places) {
    const { file, origin } = place;
    const attempt = tryToLoad(place);
    if ("exports" in attempt) {
      return { exports: attempt.exports, file, origin, rejected };
    }
    if (attempt.fault !== undefined) {
      const { reason, remedy } = attempt.fault;
      rejected.push({ file, reason });
      fault = { reason: `${file}: ${reason}`, remedy };
      cause = attempt.cause;
    }
  }
  throw new AddonError(fault, rejected, { cause });
}

/** Without `exports` the file has a fault, or is not there. */
type Attempt = { readonly exports: object } | { readonly fault?: AddonFault; readonly cause?: unknown };

function tryToLoad({ file, renewal }: AddonPlace): Attempt {
  try {
    const reason = damageOf(readFileSync(file));
    if (reason !== undefined) {
      return { fault: { reason, remedy: renewal } };
    }
    const module: { exports: Partial<Record<"aeadVersion", unknown>> } = { exports: {} };
    // Not require(file): bundlers put a function of their own in its place, and a single executable has none.
    process.dlopen(module, path.toNamespacedPath(file));
    return typeof module.exports.aeadVersion === "string"
      ? { exports: module.exports }
      : { fault: { reason: "the file is the addon of another package", remedy: renewal } };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? {}
      : { fault: faultBehind(error, file, renewal), cause: error };
  }
}
