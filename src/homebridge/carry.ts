/** Puts hapwire's server in the place of the transport of one bridge, before it listens. */

import { EventEmitter } from "node:events";

import { loadEngine } from "../engine/load";
import type { ServerOptions } from "../options";
import { EventedHTTPServer } from "../server";
import { printable } from "../status/trouble/names";
import { ShapeError, versionOf, type HapExports, type HapServer, type StockServer } from "./hap-nodejs";

/** A bridge whose transport is hapwire's. */
export interface CarriedBridge {
  /** The bridge's name, as the Home app shows it when it is added. Empty if it has none. */
  readonly name: string;
  /** The bridge's identifier: looks like a MAC address. */
  readonly username: string;
  /** The version of HAP-NodeJS. */
  readonly hapVersion: string;
  /** The transport. It does not listen yet when `onCarried` is called. */
  readonly server: EventedHTTPServer;
  /** HAP-NodeJS's exports, as they were given to {@link install}. */
  readonly hap: object;
  /** HAP-NodeJS's `HAPServer` of the bridge. */
  readonly hapServer: object;
}

/**
 * Makes a server, and gives it the listeners of HAP-NodeJS's own transport.
 *
 * @throws What the options make hapwire's server throw, or TypeError if the transport can't be assigned: the bridge is as
 *   it was.
 */
export function carry(
  hap: HapExports,
  hapServer: HapServer,
  transport: StockServer,
  options: ServerOptions,
): CarriedBridge {
  const server = new EventedHTTPServer(options);
  copyListeners(transport, server);
  // Applications listen to errors of the TCP server, since HAP-NodeJS's transport emits none.
  const [from, to] = [tcpServerOf(transport), tcpServerOf(server)];
  if (from !== undefined && to !== undefined) copyListeners(from, to);
  hapServer.httpServer = server;
  if (hapServer.httpServer !== server) {
    throw new ShapeError("the HAPServer of this HAP-NodeJS keeps its own transport");
  }
  transport.removeAllListeners();
  return { ...identityOf(hapServer), hapVersion: versionOf(hap), server, hap, hapServer };
}

/** @returns `NAME (USERNAME)`, for people. */
export function titleOf(hapServer: HapServer): string {
  const { name, username } = identityOf(hapServer);
  return name === "" ? username : `${name} (${username})`;
}

/** @returns what carries a bridge, for people: `native engine (OpenSSL 3.5.8), HAP-NodeJS 2.2.3`. */
export function describeTransport({ server, hapVersion }: CarriedBridge): string {
  const { name, aead } = loadEngine(server.engine);
  return `${name} engine (${aead}), HAP-NodeJS ${hapVersion}`;
}

function identityOf({ accessoryInfo }: HapServer): { name: string; username: string } {
  const { displayName, username } = accessoryInfo ?? {};
  return { name: printable(displayName) ?? "", username: printable(username) ?? "a bridge" };
}

/** @returns the server inside a transport, if the transport shows it. */
function tcpServerOf(transport: object): EventEmitter | undefined {
  const { tcpServer } = transport as { tcpServer?: unknown };
  return tcpServer instanceof EventEmitter ? tcpServer : undefined;
}

function copyListeners(from: EventEmitter, to: EventEmitter): void {
  for (const event of from.eventNames()) {
    for (const listener of from.rawListeners(event) as (Listener & { listener?: Listener })[]) {
      // The wrapper of a listener that is called once would look for itself on the other emitter.
      if (listener.listener === undefined) {
        to.on(event, listener);
      } else {
        to.once(event, listener.listener);
      }
    }
  }
}

type Listener = (...args: unknown[]) => void;
