/**
 * Reaches child bridges, which are processes of their own and load no plugin but theirs. Homebridge forks them, and a forked
 * Node process gets the arguments in `process.execArgv`. They have one more argument while a child bridge is forked: it imports
 * the plugin's part for child bridges.
 *
 * Other forks of plugins must not get the argument, even if it does nothing in them. Under `--import`, Node loads the program
 * as an ES module: it refuses a file with an unknown extension, and Node 20 can crash if the program disconnects.
 */

import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { Settings } from "./settings";

/** The program of a child bridge. */
const PROGRAM = "childBridgeFork.js";

type Fork = (this: unknown, program: unknown, ...rest: unknown[]) => unknown;

/** True if this process is a child bridge. */
export function isChildBridge(): boolean {
  return process.argv[1]?.endsWith(PROGRAM) === true;
}

/**
 * Makes every child bridge that starts from now on start with hapwire.
 *
 * @returns A function that ends it.
 */
export function reachChildBridges(storage: string, settings: Settings): () => void {
  const before = childProcess.fork;
  const original = before as Fork;
  const argument = importer(storage, settings);
  const fork: Fork = function (program, ...rest) {
    if (!String(program).endsWith(PROGRAM)) {
      return original.call(this, program, ...rest);
    }
    const { execArgv } = process;
    process.execArgv = [...execArgv, "--import", argument];
    try {
      return original.call(this, program, ...rest);
    } finally {
      process.execArgv = execArgv;
    }
  };
  replaceFork(fork as typeof before);
  return () => {
    replaceFork(before);
  };
}

function replaceFork(fork: typeof childProcess.fork): void {
  childProcess.fork = fork;
  // Homebridge 2 is made of ES modules, which import the function by its name.
  syncBuiltinESMExports();
}

/**
 * A module that needs no file: if the plugin was uninstalled, a child bridge that starts again must start all the same. It
 * must start too if an update has left another version of the plugin there.
 */
function importer(storage: string, settings: Settings): string {
  const child = pathToFileURL(path.join(__dirname, "child.js")).href;
  const source = `if (process.argv[1]?.endsWith(${JSON.stringify(PROGRAM)})) {
  try {
    const { start } = await import(${JSON.stringify(child)});
    await start(${JSON.stringify({ storage, settings })});
  } catch (error) {
    console.warn(
      \`[hapwire] is not active: the plugin can't be loaded any more (\${error?.code ?? error?.message}); this bridge runs as before\`);
  }
}`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
