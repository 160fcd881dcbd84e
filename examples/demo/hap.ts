/** HAP-NodeJS on hapwire, and without mDNS if nobody is to find the bridge. */

import { EventEmitter } from "node:events";

import * as HapNodeJs from "@homebridge/hap-nodejs";
import * as advertising from "@homebridge/hap-nodejs/dist/lib/Advertiser";

import type { EventedHTTPServer } from "hapwire";
import { install } from "hapwire/homebridge";

/** What `@homebridge/hap-nodejs` exports. */
export type Hap = typeof HapNodeJs;

/** What the demo needs of HAP-NodeJS's `const enum`s: they are there at run time, but closed to `isolatedModules`. */
interface HapConstants {
  Categories: { BRIDGE: HapNodeJs.Categories };
  Perms: { TIMED_WRITE: HapNodeJs.Perms };
}

/** The members of HAP-NodeJS's enums. */
export function constantsOf(hap: Hap): HapConstants {
  return hap;
}

/**
 * Puts hapwire under HAP-NodeJS.
 *
 * @param onServer - Called with the server of each bridge that is published, before it listens.
 */
export function loadHap(onServer: (server: EventedHTTPServer) => void): Hap {
  const { isActive, reason } = install(HapNodeJs, {
    log: () => undefined,
    onCarried: ({ server }) => {
      onServer(server);
    },
  });
  if (!isActive) {
    throw new Error(`hapwire is not under HAP-NodeJS: ${String(reason)}`);
  }
  return HapNodeJs;
}

/** An advertiser that tells the network nothing. */
class SilentAdvertiser extends EventEmitter implements advertising.Advertiser {
  /** HAP-NodeJS reads this to fill in the service that names the protocol's version. */
  static readonly protocolVersionService = advertising.CiaoAdvertiser.protocolVersionService;

  initPort(): void {
    // Nobody is told of the port.
  }

  startAdvertising(): Promise<void> {
    return Promise.resolve();
  }

  updateAdvertisement(): void {
    // Nobody was told of what has changed.
  }

  destroy(): void {
    this.removeAllListeners();
  }
}

/** Makes HAP-NodeJS's default advertiser a silent one: the real one opens mDNS sockets as soon as it is made. */
export function silenceMdns(): void {
  Object.assign(advertising, { CiaoAdvertiser: SilentAdvertiser });
}
