/** HAP-NodeJS on hapwire, with the two things that it has no setting for: loopback only, and no mDNS. */

import { EventEmitter } from "node:events";

import type * as HapNodeJs from "@homebridge/hap-nodejs";
import * as advertising from "@homebridge/hap-nodejs/dist/lib/Advertiser";

import { loadOnHapwire, transportExports } from "#src/homebridge/substitute";
import { EventedHTTPServer } from "hapwire";

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

/** How HAP-NodeJS is loaded. */
export interface HapOptions {
  /** Called with the server that a published bridge makes, before it listens. */
  onServer: (server: EventedHTTPServer) => void;
  /** The only address to listen on; by default HAP-NodeJS chooses. */
  host?: string;
}

/** Loads HAP-NodeJS with hapwire as its transport. To be called once in a process. */
export function loadHap({ onServer, host }: HapOptions): Hap {
  class ObservedServer extends EventedHTTPServer {
    constructor() {
      super();
      onServer(this);
    }

    override listen(port: number, hostname?: string): void {
      super.listen(port, host ?? hostname);
    }
  }
  return loadOnHapwire("@homebridge/hap-nodejs", __dirname, {
    ...transportExports,
    EventedHTTPServer: ObservedServer,
  }) as Hap;
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
