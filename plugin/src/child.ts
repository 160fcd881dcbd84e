/** The plugin inside a child bridge: runs before Homebridge's own program of the child does. */

import path from "node:path";
import { pathToFileURL } from "node:url";

import { carryBridges } from "./carry";
import type { HomebridgeApi, Logger } from "./homebridge";
import type { Settings } from "./settings";

export interface Start {
  readonly storage: string;
  readonly settings: Settings;
}

/** Modules of Homebridge beside its program of the child. */
interface ApiModule {
  readonly HomebridgeAPI: new () => HomebridgeApi;
}
interface LoggerModule {
  readonly Logger: { withPrefix(prefix: string): Logger };
}

/** Never rejects: whatever goes wrong, the child bridge starts. */
export async function start({ storage, settings }: Start): Promise<void> {
  let log: Logger = { info: print, warn: print };
  try {
    log = (await load<LoggerModule>("logger.js")).Logger.withPrefix(settings.name);
    // The API object that plugins get has the very HAP-NodeJS that this Homebridge uses, wherever that is installed.
    const { HomebridgeAPI } = await load<ApiModule>("api.js");
    carryBridges(new HomebridgeAPI().hap, storage, settings, log);
  } catch (error) {
    const [cause = ""] = String(error).split("\n", 1);
    log.warn(`is not active: this Homebridge is not known (${cause}); this bridge runs as before`);
  }
}

async function load<Module>(name: string): Promise<Module> {
  const program = process.argv[1] ?? "";
  return (await import(pathToFileURL(path.join(path.dirname(program), name)).href)) as Module;
}

function print(line: string): void {
  console.log(`[hapwire] ${line}`);
}
