/**
 * The preload, `node --require hapwire/register`: `install` for every HAP-NodeJS that this process and its child processes
 * load as CommonJS, also for copies inside plugins. If it fails, one line says why, and the process goes on without it.
 *
 * It hears of a HAP-NodeJS by the `.js` entry of `require.extensions`, which Node calls for imported CommonJS modules too.
 * Its `module.registerHooks` would be the public way, but breaks `module.register` of others: in Node 22, and in 24 before
 * 24.21, a `load` hook that is there makes their first load fail.
 */

import Module, { createRequire } from "node:module";

import type * as environment from "../status/environment";
import type * as homebridge from "./install";

/** The CommonJS loader's seam, as libraries that transpile have used it ever since. */
interface CommonJsLoader {
  _extensions: Record<".js", (module: NodeJS.Module, file: string) => void>;
}

/** The entry of HAP-NodeJS, in a package of either name or a fork's. */
const ENTRY = /hap-nodejs[^\\/]*[\\/]dist[\\/]index\.js$/i;

const load = createRequire(__filename);
let isStatusServed = false;

function installWhenLoaded(): void {
  const { _extensions: extensions } = Module as unknown as CommonJsLoader;
  const previous = extensions[".js"];
  extensions[".js"] = (module, file) => {
    previous(module, file);
    if (ENTRY.test(file)) {
      installInto(module.exports as object);
    }
  };
}

/** Loads hapwire only now: most processes under a preload have no HAP-NodeJS. */
function installInto(hap: object): void {
  try {
    const { install } = load("./install") as typeof homebridge;
    if (install(hap).isActive && !isStatusServed) {
      isStatusServed = true;
      (load("../status/environment") as typeof environment).serveStatusFromEnvironment();
    }
  } catch (error) {
    const [cause = ""] = (error as Error).message.split("\n", 1);
    console.error(`hapwire is not active: ${cause}; bridges run as before`);
  }
}

if (process.env["HAPWIRE"] !== "off") {
  installWhenLoaded();
}
