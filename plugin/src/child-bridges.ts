/**
 * Reaches child bridges, which are processes of their own and load no plugin but theirs. Homebridge forks them, and a forked
 * Node process gets the arguments in `process.execArgv`: one of them imports the plugin's part for child bridges.
 */

import path from "node:path";
import { pathToFileURL } from "node:url";

import type { Settings } from "./settings";

/** The program of a child bridge. Other programs that a plugin forks are left alone. */
const PROGRAM = "childBridgeFork.js";

/** True if this process is a child bridge. */
export function isChildBridge(): boolean {
  return process.argv[1]?.endsWith(PROGRAM) === true;
}

/** Makes every child bridge that starts from now on start with hapwire. */
export function reachChildBridges(storage: string, settings: Settings): void {
  process.execArgv.push("--import", importer(storage, settings));
}

/**
 * A module that needs no file: if the plugin was uninstalled, a child bridge that starts again must start all the same.
 */
function importer(storage: string, settings: Settings): string {
  const child = pathToFileURL(path.join(__dirname, "child.js")).href;
  const source = `if (process.argv[1]?.endsWith(${JSON.stringify(PROGRAM)})) {
  await import(${JSON.stringify(child)}).then(
    ({ start }) => start(${JSON.stringify({ storage, settings })}),
    ({ code, message }) => console.warn(
      \`[hapwire] is not active: the plugin can't be loaded any more (\${code ?? message}); this bridge runs as before\`),
  );
}`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
