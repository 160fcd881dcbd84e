/** Checks the shape of HAP-NodeJS. Its version does not matter. */

import { EventEmitter } from "node:events";

import { HAPConnection } from "../connection";
import { EventedHTTPServer } from "../server";

/** HAP-NodeJS has an unknown shape. The message names the difference. Never leaves `install`. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** The part of HAP-NodeJS's exports that hapwire uses. */
export interface HapExports {
  readonly HAPServer: HapServerClass;
  readonly HAPConnection?: unknown;
  readonly Accessory?: unknown;
  readonly HAPLibraryVersion?: unknown;
}

type Method = (...args: unknown[]) => unknown;

interface HapServerClass {
  readonly prototype: HapServer;
}

/** HAP-NodeJS's server of one bridge. */
export interface HapServer {
  /** The transport. It is made with the server and listens when the bridge is published. */
  httpServer: unknown;
  readonly accessoryInfo?: { readonly displayName?: unknown; readonly username?: unknown } | undefined;
  listen: Method;
}

/** HAP-NodeJS's own transport. */
export interface StockServer extends EventEmitter {
  address(): unknown;
}

/** The class of HAP-NodeJS's own transport. */
export interface StockServerClass {
  destroyExistingConnectionsAfterUnpair: (initiator: { readonly server: unknown }, username: string) => void;
}

/** The methods of the transport that every release of HAP-NodeJS calls. */
const METHODS = ["address", "broadcastEvent", "destroy", "listen", "stop"] as const;

/** @throws {@link ShapeError} if these are not HAP-NodeJS's exports. */
export function checkExports(hap: object): asserts hap is HapExports {
  const { HAPServer } = hap as Partial<HapExports>;
  if (!isClass(HAPServer)) {
    throw new ShapeError("this HAP-NodeJS does not export its class HAPServer");
  }
  if (typeof (HAPServer.prototype as Partial<HapServer>).listen !== "function") {
    throw new ShapeError("the class HAPServer of this HAP-NodeJS has no method listen");
  }
}

/** @throws {@link ShapeError} if hapwire cannot replace this transport. */
export function checkTransport(hap: HapExports, transport: unknown): asserts transport is StockServer {
  if (!(transport instanceof EventEmitter)) {
    throw new ShapeError("the HAPServer of this HAP-NodeJS does not show its transport (httpServer)");
  }
  const methods = transport as unknown as Partial<Record<string, unknown>>;
  for (const name of METHODS) {
    if (typeof methods[name] !== "function") {
      throw new ShapeError(`the transport of this HAP-NodeJS has no method ${name}`);
    }
  }
  // It must be the class's own: HAP-NodeJS calls the method of the base class for a subclass too.
  const unpair = Object.getOwnPropertyDescriptor(
    transport.constructor,
    "destroyExistingConnectionsAfterUnpair",
  );
  if (typeof unpair?.value !== "function") {
    throw new ShapeError(
      "its transport is of a class that hapwire does not know (no destroyExistingConnectionsAfterUnpair of its own)",
    );
  }
  if (transport.listenerCount("request") === 0) {
    throw new ShapeError("this HAP-NodeJS does not take requests from its transport by the event request");
  }
  checkUses(hap);
  if ((transport as StockServer).address() != null) {
    throw new ShapeError("its server listens already");
  }
}

export function classOf(transport: object): StockServerClass {
  return transport.constructor as unknown as StockServerClass;
}

/** Finds the calls of the transport and of its connections in HAP-NodeJS's source. hapwire's class must have the method. */
const USES = [
  { call: /\bthis\.httpServer\.(\w+)\(/g, in: EventedHTTPServer },
  { call: /\bconnection\.(\w+)\(/g, in: HAPConnection },
] as const;

/** @throws {@link ShapeError} if HAP-NodeJS calls a method that hapwire does not have, as a future release may. */
function checkUses({ HAPServer, Accessory }: HapExports): void {
  const source = [HAPServer, Accessory].map(sourceOf).join("\n");
  for (const { call, in: ours } of USES) {
    const unknown = [...source.matchAll(call)].find(([, method = ""]) => !(method in ours.prototype));
    if (unknown !== undefined) {
      throw new ShapeError(`this HAP-NodeJS calls ${unknown[0]}), which hapwire does not know`);
    }
  }
}

function sourceOf(value: unknown): string {
  return typeof value === "function" ? Function.prototype.toString.call(value) : "";
}

export function isClass(value: unknown): value is { readonly prototype: object } {
  return typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null;
}

/** @returns The version that HAP-NodeJS states, for messages. */
export function versionOf({ HAPLibraryVersion }: HapExports): string {
  try {
    return String((HAPLibraryVersion as () => unknown)());
  } catch {
    return "of unknown version";
  }
}
