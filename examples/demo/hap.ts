/** HAP-NodeJS on hapwire, and without mDNS if nobody is to find the bridge. */

import * as HapNodeJs from "@homebridge/hap-nodejs";
import * as advertising from "@homebridge/hap-nodejs/dist/lib/Advertiser";

import { silentAdvertiser } from "#bench/harness/bridge";
import type { EventedHTTPServer } from "hapwire";
import { install } from "hapwire/homebridge";

export const hap = HapNodeJs;

/** HAP-NodeJS's enums are const: they exist at run time, but `isolatedModules` hides them. */
export const { Categories, Perms } = HapNodeJs as {
  Categories: { BRIDGE: HapNodeJs.Categories };
  Perms: { TIMED_WRITE: HapNodeJs.Perms };
};

/**
 * Puts hapwire under HAP-NodeJS.
 *
 * @param onServer - Called with the server of each bridge before it listens.
 */
export function putHapwireUnder(onServer: (server: EventedHTTPServer) => void): void {
  const { isActive, reason } = install(hap, {
    log: () => undefined,
    onCarried: ({ server }) => {
      onServer(server);
    },
  });
  if (!isActive) {
    throw new Error(`hapwire is not under HAP-NodeJS: ${String(reason)}`);
  }
}

/** Replaces HAP-NodeJS's advertiser by one that sends nothing. The real one opens mDNS sockets as soon as it is made. */
export function silenceMdns(): void {
  Object.assign(advertising, { CiaoAdvertiser: silentAdvertiser(advertising) });
}
