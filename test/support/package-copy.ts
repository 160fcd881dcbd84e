/** The package in a folder of its own, as a user has it, for tests of missing or broken files. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

import { engineInfo } from "hapwire";

import { ROOT } from "./child";

/** The path of an addon that was built on this machine. */
export const OWN_BUILD = "build/Release/hapwire.node";

export interface CopyOptions {
  /** The places that have this package's addon; no other place has one. */
  readonly addons?: readonly string[];
  /** The places that have a file for an addon that no system can load. */
  readonly damaged?: readonly string[];
  readonly folder?: string;
}

/** @returns The copy's folder; it is gone when the test is over. */
export function copyPackage(
  t: TestContext,
  { addons = [], damaged = [], folder = "hapwire" }: CopyOptions = {},
): string {
  const parent = mkdtempSync(path.join(tmpdir(), "hapwire-copy-"));
  t.after(() => {
    rmSync(parent, { recursive: true });
  });
  const copy = path.join(parent, folder);
  for (const name of ["package.json", "dist", "native/install.js"]) {
    // Leaves out half of the files, which only compilers read.
    const filter = (source: string): boolean => !/\.d\.ts$|\.tsbuildinfo$/.test(source);
    cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true, filter });
  }
  const addon = engineInfo().file;
  for (const place of addons) {
    assert.ok(addon !== undefined);
    cpSync(addon, path.join(copy, place));
  }
  for (const place of damaged) {
    mkdirSync(path.dirname(path.join(copy, place)), { recursive: true });
    writeFileSync(path.join(copy, place), "no shared library");
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}
