/** A stand-in for HAP-NodeJS with its shape, and helpers for tests of `install(hap)` with either of the two. */

import { EventEmitter } from "node:events";
import type { TestContext } from "node:test";

import type { EventedHTTPServer } from "hapwire";
import { install, type Installation, type InstallOptions } from "hapwire/homebridge";

export const LOOPBACK = "127.0.0.1";
export const USERNAME = "0E:11:22:33:44:55";

/** The part of HAP-NodeJS's HAPServer that tests use. */
export interface HapServer extends EventEmitter {
  httpServer: unknown;
  listen(port: number, host: string): void;
  destroy(): void;
  sendEventNotifications(aid: number, iid: number, value: unknown, by: unknown, immediate: boolean): void;
}

export interface Hap {
  HAPServer: (new (info: object) => HapServer) & { pairingFunctions?: unknown[] };
  EventedHTTPServer: Transport;
  HAPConnection: abstract new () => unknown;
}

export type Transport = (new () => EventEmitter) & {
  destroyExistingConnectionsAfterUnpair(initiator: unknown, username: string): void;
};

/** @returns A stand-in with classes of its own. Its transport never listens. */
export function createHap(members: object = {}): Hap {
  class StockServer extends EventEmitter {
    static readonly unpaired: unknown[] = [];

    static destroyExistingConnectionsAfterUnpair(initiator: unknown): void {
      StockServer.unpaired.push(initiator);
    }

    address(): unknown {
      return null;
    }

    listen(port: number): void {
      this.emit("listening", port);
    }

    stop(): void {
      this.emit("stopped");
    }

    destroy(): void {
      this.stop();
    }

    broadcastEvent(): void {
      this.emit("broadcast");
    }
  }
  class StockHapServer extends EventEmitter {
    httpServer: EventEmitter = new StockServer();

    constructor(readonly accessoryInfo: object) {
      super();
      this.httpServer.on("request", () => undefined);
    }

    listen(port: number, host: string): void {
      asServer(this.httpServer).listen(port, host);
    }

    destroy(): void {
      asServer(this.httpServer).destroy();
    }
  }
  class StockConnection extends EventEmitter {}
  return {
    HAPServer: StockHapServer,
    EventedHTTPServer: StockServer,
    HAPConnection: StockConnection,
    ...members,
  } as unknown as Hap;
}

/** Either transport, as HAP-NodeJS calls it. */
function asServer(transport: unknown): Pick<EventedHTTPServer, "listen" | "destroy"> {
  return transport as EventedHTTPServer;
}

export function asEmitter(transport: unknown): EventEmitter {
  return transport as EventEmitter;
}

export interface Installed {
  readonly installation: Installation;
  readonly lines: readonly string[];
}

/** Installs until the test is over. */
export function installIn(t: TestContext, hap: object, options: InstallOptions = {}): Installed {
  const lines: string[] = [];
  const installation = install(hap, { log: (line) => lines.push(line), ...options });
  t.after(() => {
    installation.uninstall();
  });
  return { installation, lines };
}

/** Publishes a bridge until the test is over. */
export function publish(
  t: TestContext,
  hap: Hap,
  info: object = { displayName: "Hall", username: USERNAME },
): HapServer {
  const hapServer = new hap.HAPServer(info);
  t.after(() => {
    hapServer.destroy();
  });
  hapServer.listen(0, LOOPBACK);
  return hapServer;
}
