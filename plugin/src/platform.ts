/** The platform: Homebridge makes one if the plugin is configured and not disabled, before it publishes a bridge. */

import { mergeReports, readBridgeReports, startStatusPage, UserNumbers } from "hapwire/status";

import { carryBridges } from "./carry";
import { isChildBridge, reachChildBridges } from "./child-bridges";
import type { HomebridgeApi, Logger, Platform } from "./homebridge";
import { settingsOf, type Settings } from "./settings";

/** True if this process has the platform. */
let isThere = false;

export class HapwirePlatform implements Platform {
  constructor(log: Logger, config: unknown, api: HomebridgeApi) {
    if (isThere) {
      log.warn("is in config.json more than once: the first block counts. Remove the others.");
      return;
    }
    isThere = true;
    const settings = settingsOf(config);
    const storage = api.user.storagePath();
    if (isChildBridge()) {
      log.warn(
        "has a child bridge of its own, so it carries that bridge alone. " +
          "Turn off the child bridge of this plugin, and restart Homebridge: then it carries all bridges.",
      );
    }
    const isActive = carryBridges(api.hap, storage, settings, log);
    if (isActive && !isChildBridge()) {
      reachChildBridges(storage, settings);
      serveStatusPage(storage, settings, log);
    }
  }

  /** The platform has no accessories. */
  configureAccessory(): void {
    // Nothing to do.
  }
}

/** The page reports on the bridges of all processes, as the settings dialog does. */
function serveStatusPage(storage: string, { statusPage: port }: Settings, log: Logger): void {
  if (port === undefined) {
    return;
  }
  const users = new UserNumbers();
  try {
    startStatusPage({
      port,
      report: async () => mergeReports(await readBridgeReports(storage), users),
      log(line) {
        log.info(line);
      },
    });
  } catch (error) {
    log.warn(`no status page: ${(error as Error).message}`);
  }
}
