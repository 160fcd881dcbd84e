/** The shell commands that README and docs print, each held against what runs it. */

import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT, runNode } from "./child";

interface Rule {
  readonly pattern: RegExp;
  /** @returns Whether what the pattern's group has caught is run, here or by CI. */
  readonly isRun: (caught: string) => boolean | Promise<boolean>;
}

interface Manifest {
  readonly name: string;
  readonly bin: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

const manifest = JSON.parse(read("package.json")) as Manifest;

/** The first that fits decides. */
const RULES: readonly Rule[] = [
  // Installations are CI's: here, that the names are right.
  { pattern: /^npm install (.+)$/, isRun: (names) => names.split(" ").every(isInstallable) },
  { pattern: /^npx hapwire (.+)$/, isRun: async (args) => succeeds(args.split(" ")) },
  { pattern: /^((?:bun|deno run).*) \w+\.c?js$/, isRun: (command) => isRunOnRuntimes(command) },
  { pattern: /^(.+)$/, isRun: (command) => read(".ci/run").includes(command) },
];

/** @returns Whether something runs a command as printed, or in the same words. */
export async function isCommandRun(command: string): Promise<boolean> {
  for (const { pattern, isRun } of RULES) {
    const [, caught] = pattern.exec(command) ?? [];
    if (caught !== undefined) {
      return isRun(caught);
    }
  }
  return false;
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

function isInstallable(name: string): boolean {
  return name === manifest.name || name in manifest.peerDependencies;
}

async function succeeds(args: readonly string[]): Promise<boolean> {
  const { code } = await runNode([manifest.bin["hapwire"] ?? "", ...args]);
  return code === 0;
}

/** Whether the sessions on other runtimes are run with these words, and no others. */
function isRunOnRuntimes(command: string): boolean {
  const [runtime = "", ...words] = command.split(" ");
  const script = read("test/runtimes/check.mjs");
  const [, list = ""] = new RegExp(`^const ${runtime} = \\[\\w+(?:, )?(.*)\\];$`, "m").exec(script) ?? [];
  return script.includes(`const ${runtime} = [`) && list === words.map((word) => `"${word}"`).join(", ");
}
