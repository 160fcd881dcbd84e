/** The documents of this repository: their text, their code blocks, and their examples as programs. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import { ROOT } from "./child";

/** Every document, by its path in the repository. */
export const DOCUMENTS = [".", "docs", "plugin", "prebuilds"].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.posix.join(folder, file)),
);

/** Reads a file of the repository. */
export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** Returns the code blocks of a document, in their order. */
export function codeBlocks(document: string): CodeBlock[] {
  const blocks = read(document).matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...blocks].map(([, language = "", code = ""]) => ({ language, code }));
}

/** Writes an example into a folder from which `require("hapwire")` finds this package, and starts it. */
export function start(t: TestContext, code: string): ChildProcess {
  const folder = mkdtempSync(path.join(ROOT, "dist-test", "example-"));
  const file = path.join(folder, "example.js");
  writeFileSync(file, code);
  return startProgram(t, [file], folder, () => {
    rmSync(folder, { recursive: true });
  });
}

/** Starts Node with these arguments. The test kills the process at its end. */
export function startProgram(
  t: TestContext,
  args: readonly string[],
  cwd: string,
  afterwards?: () => void,
): ChildProcess {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => {
    child.kill("SIGKILL");
    afterwards?.();
  });
  return child;
}

/** Returns the lines that a program prints, as they come. */
export async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string> {
  assert.ok(stdout !== null);
  yield* createInterface({ input: stdout });
}
