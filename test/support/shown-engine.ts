/** A copy of the package in a process of its own, and the engine that runs there. */

import assert from "node:assert/strict";
import path from "node:path";

import { prebuiltFileFor } from "#src/engine/addon-places";
import { engineInfo, type EngineInfo } from "hapwire";

import { ROOT, runNode, type ChildOptions } from "./child";
import { OWN_BUILD } from "./package-copy";

const ADDON = engineInfo().file;

/** Options for tests that need an addon, and the end of their names if no addon runs. */
export const NATIVE = { skip: ADDON === undefined };
export const SKIPPED = ADDON === undefined ? " (skipped: the portable engine runs here)" : "";

const { arm_version: armVersion = "" } = process.config.variables as { arm_version?: string };

/** The file of the prebuilt addon for this platform. */
export const PREBUILT = prebuiltFileFor(process.platform, process.arch, armVersion);

/** The variables that copies of the package must not take from this process. */
export const CLEAN = { PREBUILDS_ONLY: undefined, HAPWIRE_PREBUILD: undefined };

/** Node warns of its permission model, and hints how to trace a warning. */
const NODES_OWN = /ExperimentalWarning|SecurityWarning|^\(Use `node --trace-warnings/;

/** Prints the result of engineInfo() and a text that went through the codec, or the error thrown after require(). */
const SHOW_ENGINE = `
  for (const name of process.argv.slice(2)) require(name).engineInfo?.();
  const { engineInfo, EventedHTTPServer, FrameSealer, FrameOpener } = require(process.argv[1]);
  try {
    new EventedHTTPServer().close();
    const info = engineInfo();
    const key = Buffer.alloc(32, 1);
    const text = new FrameOpener(key).open(new FrameSealer(key).seal(Buffer.from("works"))).toString();
    console.log(JSON.stringify({ ...info, text }));
  } catch ({ name, code, message }) {
    console.log(JSON.stringify({ name, code, message }));
  }`;

/** The findings of {@link showEngine}. */
export interface Shown extends Partial<Omit<EngineInfo, "name">> {
  readonly name: string;
  readonly text?: string;
  readonly code?: string;
  readonly message?: string;
  /** The lines that the process wrote to stderr. */
  readonly warnings: readonly string[];
}

export interface ShowOptions extends ChildOptions {
  /** Options of Node. */
  readonly flags?: readonly string[];
}

/** Runs the package of a folder after others that load an addon too. */
export async function showEngine(
  packageFolder: string,
  { flags = [], ...options }: ShowOptions = {},
  others: readonly string[] = [],
): Promise<Shown> {
  const env = packageFolder === ROOT ? {} : CLEAN;
  const args = [...flags, "--eval", SHOW_ENGINE, packageFolder, ...others];
  const { code, signal, stdout, stderr } = await runNode(args, {
    ...options,
    env: { ...env, ...options.env },
  });
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
  const warnings = stderr.split("\n").filter((line) => line !== "" && !NODES_OWN.test(line));
  return { ...(JSON.parse(stdout) as Omit<Shown, "warnings">), warnings };
}

/** The findings of {@link showEngine} if the addon in this file runs. */
export function nativeFrom(packageFolder: string, file: string): Record<string, unknown> {
  return {
    name: "native",
    reason: "the addon loaded",
    rejected: [],
    aead: engineInfo().aead,
    file: path.join(packageFolder, file),
    choice: "preferred",
    origin: file === OWN_BUILD ? "built" : "prebuilt",
    text: "works",
    warnings: [],
  };
}

/** Expects one line of warning, with the platform, the cause and the remedy. */
export function assertPortable(shown: Shown, cause: RegExp, remedy = /npm rebuild hapwire/): void {
  const { name, choice, origin, file, text, reason = "", warnings } = shown;
  assert.deepEqual(
    { name, choice, origin, file, text },
    { name: "portable", choice: "fallback", origin: undefined, file: undefined, text: "works" },
  );
  assert.match(reason, /^the addon did not load: /);
  assert.match(reason.replace("the addon did not load: ", ""), cause);
  const [line = "", ...more] = warnings;
  assert.deepEqual(more, []);
  assert.match(line, /\[HAPWIRE_PORTABLE_ENGINE\] HapwireWarning: hapwire runs on its portable engine on /);
  for (const part of [`${process.platform}-${process.arch}`, reason]) {
    assert.ok(line.includes(part), `${line} does not say: ${part}`);
  }
  assert.match(line, remedy);
  assert.match(line, /[^.]\.$/);
  assert.match(shown.remedy ?? "", /[^.]$/);
}
