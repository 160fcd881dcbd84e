/** Puts hapwire under the bridges of this process, and serves their figures for the settings dialog. */

import { install } from "hapwire/homebridge";
import { BridgeSocket } from "hapwire/status";

import type { Logger } from "./homebridge";
import type { Settings } from "./settings";

/**
 * Carries every bridge of this process that is published from now on. Each bridge gets a line in the log.
 *
 * @param hap - The HAP-NodeJS that Homebridge uses.
 * @param storage - Homebridge's storage folder.
 * @returns True if hapwire is active. If not, the log says why, and the bridges run as before.
 */
export function carryBridges(hap: object, storage: string, settings: Settings, log: Logger): boolean {
  let socket: BridgeSocket | undefined;
  const { isActive } = install(hap, {
    server: settings.server,
    log(line) {
      if (line.startsWith("carries ")) log.info(line);
      else log.warn(line);
    },
    onCarried(bridge) {
      socket ??= new BridgeSocket(storage, (line) => {
        log.warn(line);
      });
      socket.add(bridge);
    },
  });
  return isActive;
}
