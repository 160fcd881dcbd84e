/** Replaces the transport of one bridge with hapwire's server before the bridge listens. */

import { EventEmitter } from "node:events";

import { loadEngine } from "../engine/load";
import type { ServerOptions } from "../options";
import { EventedHTTPServer } from "../server";
import { printable } from "../status/trouble/names";
import { ShapeError, versionOf, type HapExports, type HapServer, type StockServer } from "./hap-nodejs";

/** A bridge that runs on hapwire's transport. */
export interface CarriedBridge {
  /** The bridge's name, as the Home app shows it when the bridge is added. Empty if the bridge has no name. */
  readonly name: string;
  /** The bridge's identifier, which looks like a MAC address. */
  readonly username: string;
  /** The version of HAP-NodeJS. */
  readonly hapVersion: string;
  /** The transport. It does not listen yet when `onCarried` is called. */
  readonly server: EventedHTTPServer;
  /** The argument of {@link install}: HAP-NodeJS's exports. */
  readonly hap: object;
  /** HAP-NodeJS's `HAPServer` of the bridge. */
  readonly hapServer: object;
}

/**
 * Makes a server and moves the listeners of HAP-NodeJS's own transport to it.
 *
 * @throws Error if an option is wrong, or TypeError if the transport cannot be assigned. The bridge is unchanged then.
 */
export function carry(
  hap: HapExports,
  hapServer: HapServer,
  transport: StockServer,
  options: ServerOptions,
): CarriedBridge {
  const server = new EventedHTTPServer(options);
  copyListeners(transport, server);
  // HAP-NodeJS's transport emits no errors, so applications listen to those of its TCP server.
  const [from, to] = [tcpServerOf(transport), tcpServerOf(server)];
  if (from !== undefined && to !== undefined) copyListeners(from, to);
  hapServer.httpServer = server;
  if (hapServer.httpServer !== server) {
    throw new ShapeError("the HAPServer of this HAP-NodeJS keeps its own transport");
  }
  transport.removeAllListeners();
  return { ...identityOf(hapServer), hapVersion: versionOf(hap), server, hap, hapServer };
}

/** @returns `NAME (USERNAME)`, for messages. */
export function titleOf(hapServer: HapServer): string {
  const { name, username } = identityOf(hapServer);
  return name === "" ? username : `${name} (${username})`;
}

/** @returns The engine and the version, for messages: `native engine (OpenSSL 3.5.8), HAP-NodeJS 2.2.3`. */
export function describeTransport({ server, hapVersion }: CarriedBridge): string {
  const { name, aead } = loadEngine(server.engine);
  return `${name} engine (${aead}), HAP-NodeJS ${hapVersion}`;
}

function identityOf({ accessoryInfo }: HapServer): { name: string; username: string } {
  const { displayName, username } = accessoryInfo ?? {};
  return { name: printable(displayName) ?? "", username: printable(username) ?? "a bridge" };
}

/** @returns The TCP server of a transport, or undefined if it is hidden. */
function tcpServerOf(transport: object): EventEmitter | undefined {
  const { tcpServer } = transport as { tcpServer?: unknown };
  return tcpServer instanceof EventEmitter ? tcpServer : undefined;
}

function copyListeners(from: EventEmitter, to: EventEmitter): void {
  for (const event of from.eventNames()) {
    for (const listener of from.rawListeners(event) as (Listener & { listener?: Listener })[]) {
      // The wrapper of a `once` listener removes itself from the emitter that it was made for.
      if (listener.listener === undefined) {
        to.on(event, listener);
      } else {
        to.once(event, listener.listener);
      }
    }
  }
}

type Listener = (...args: unknown[]) => void;
