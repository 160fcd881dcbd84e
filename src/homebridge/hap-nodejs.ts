/** The shape that HAP-NodeJS must have. Its version does not matter. */

import { EventEmitter } from "node:events";

import { HAPConnection } from "../connection";
import { EventedHTTPServer } from "../server";

/** HAP-NodeJS has another shape than hapwire knows. The message says what is missing, for people. Never leaves `install`. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** The part of HAP-NodeJS's exports that hapwire looks at. */
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
  /** The transport: made with the server, listens when the bridge is published. */
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

/** The members of the transport that HAP-NodeJS uses in every release that was looked at. */
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

/** @throws {@link ShapeError} if hapwire can't take the place of this transport. */
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
  // Not inherited: HAP-NodeJS would call the method of its own class for a subclass too.
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

/** What HAP-NodeJS calls the transport and its connections in its source, and the class of hapwire that must have it. */
const USES = [
  { call: /\bthis\.httpServer\.(\w+)\(/g, in: EventedHTTPServer },
  { call: /\bconnection\.(\w+)\(/g, in: HAPConnection },
] as const;

/** A release of the future may call a method that hapwire has not got. @throws {@link ShapeError} that names it. */
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

/** @returns HAP-NodeJS's version as it says itself, for people. */
export function versionOf({ HAPLibraryVersion }: HapExports): string {
  try {
    return String((HAPLibraryVersion as () => unknown)());
  } catch {
    return "of unknown version";
  }
}
