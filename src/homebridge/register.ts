/**
 * The preload, `node --require hapwire/register`. Calls `install` for every HAP-NodeJS that this process and its child
 * processes load as CommonJS, including copies inside plugins. If `install` fails, one line says why, and the process goes
 * on without hapwire.
 *
 * The `.js` entry of `require.extensions` shows each HAP-NodeJS. Node calls it for imported CommonJS modules too. The
 * public way, `module.registerHooks`, breaks `module.register` of other packages in Node 22 and in Node 24 before 24.21:
 * their first load fails if a `load` hook exists.
 */

import Module, { createRequire } from "node:module";

import type * as environment from "../status/environment";
import type * as homebridge from "./install";

/** The part of the CommonJS loader that transpilers replace too. */
interface CommonJsLoader {
  _extensions: Record<".js", (module: NodeJS.Module, file: string) => void>;
}

/** The main file of HAP-NodeJS, in a package of either name or of a fork. */
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

/** Loads hapwire now and not earlier: most processes under the preload have no HAP-NodeJS. */
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
