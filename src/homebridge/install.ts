/** `install(hap)`: from now on, every bridge of a HAP-NodeJS is carried by hapwire when it is published. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { checkFunction } from "../check";
import { HAPConnection } from "../connection";
import { serverClosed, type ServerMessage } from "../diagnostics";
import type { MessageAead } from "../engine/contract";
import { loadEngine } from "../engine/load";
import { checkOptionNames } from "../option-names";
import { settingsFrom, type ServerOptions } from "../options";
import { EventedHTTPServer } from "../server";
import { version } from "../version";
import { timeAccessories } from "./accessory-timing";
import { carry, describeTransport, titleOf, type CarriedBridge } from "./carry";
import { fileOf } from "./hap-files";
import {
  checkExports,
  checkTransport,
  classOf,
  isClass,
  type HapExports,
  type HapServer,
  type StockServerClass,
} from "./hap-nodejs";
import { speedUpPairing } from "./pairing";
import { Patches } from "./patches";

/** Options of {@link install}. */
export interface InstallOptions {
  /** Options of each server that hapwire makes for a bridge. */
  readonly server?: ServerOptions;
  /** Takes one line for each bridge. Default: standard error, with "hapwire " in front. */
  readonly log?: (line: string) => void;
  /** Called when hapwire has taken the place of a bridge's transport, before it listens. What it throws is logged. */
  readonly onCarried?: (bridge: CarriedBridge) => void;
}

/** What {@link install} has done. */
export interface Installation {
  /** True if hapwire carries the bridges that are published from now on. */
  readonly isActive: boolean;
  /** Why not, in one line. */
  readonly reason?: string | undefined;
  /**
   * Puts HAP-NodeJS back as it was. Bridges that are carried stay so until they are unpublished. Its classes of the transport
   * are put back after the last of them.
   */
  uninstall(): void;
}

const OPTION_NAMES = { server: true, log: true, onCarried: true };

/** The oldest Node that hapwire runs on. */
const NODE_MAJOR = 20;

/** On the prototype of a HAPServer, the version of the hapwire that carries its bridges: this copy or another. */
const CARRIED_BY = Symbol.for("hapwire.carried-by");

/** The seams that are installed, by the prototype of HAPServer. */
const installed = new WeakMap<object, Seam>();

/**
 * Puts hapwire under a HAP-NodeJS: every bridge or accessory that is published after this call is carried by hapwire.
 *
 * Throws nothing. If hapwire can't carry a bridge, one line says why, and the bridge runs on HAP-NodeJS's own transport.
 *
 * A second call for the same HAP-NodeJS returns what the first has returned. `onCarried` of all calls is called; of the
 * other options, those of the first call that has them count.
 *
 * @example
 * ```js
 * const hap = require("@homebridge/hap-nodejs");
 * const { install } = require("hapwire/homebridge");
 *
 * const { isActive, reason } = install(hap, { server: { coalescingDelay: 100 } });
 * console.log(isActive ? "hapwire is active" : reason);
 * ```
 *
 * @param hap - What HAP-NodeJS exports: `require("hap-nodejs")`, `api.hap` of a Homebridge plugin, or the namespace of an
 *   ES module.
 */
export function install(hap: object, options: InstallOptions = {}): Installation {
  const say = sayTo(logOf(options));
  try {
    checkNode();
    checkInstallOptions(options);
    const { engine } = settingsFrom(options.server ?? {}, "options.server");
    checkExports(hap);
    const { messages } = loadEngine(engine);
    const { prototype } = hap.HAPServer;
    const before = installed.get(prototype);
    if (before !== undefined) {
      before.join(options);
      return before;
    }
    const { [CARRIED_BY]: other } = prototype as { readonly [CARRIED_BY]?: string };
    if (other !== undefined) {
      return refusal(
        `another copy of hapwire (${other}) carries the bridges of this HAP-NodeJS already`,
        say,
      );
    }
    const seam = new Seam(hap, options, say, messages);
    installed.set(prototype, seam);
    return seam;
  } catch (error) {
    return refusal(`${causeOf(error)}; bridges run as before`, say);
  }
}

function refusal(reason: string, say: (line: string) => void): Installation {
  say(`is not active: ${reason}`);
  return {
    isActive: false,
    reason,
    uninstall() {
      // Nothing was changed.
    },
  };
}

/** The seam in one HAP-NodeJS. */
class Seam implements Installation {
  readonly #hap: HapExports;
  /** Of each call of {@link install}. */
  readonly #options: InstallOptions[];
  readonly #say: (line: string) => void;
  readonly #patches = new Patches();
  /** Changes of the classes of HAP-NodeJS's transport: bridges that are carried need them after `uninstall` too. */
  readonly #classPatches = new Patches();
  /** Those that know of hapwire's connections. */
  readonly #prepared = new WeakSet<StockServerClass>();
  /** The transports of bridges that are carried, until they have closed. */
  readonly #carried = new Set<EventedHTTPServer>();
  readonly #onServerClosed = (message: unknown): void => {
    this.#carried.delete((message as ServerMessage).server);
    this.#restoreClasses();
  };
  #isActive = true;

  /** @param aead - Seals and opens messages of pairing, and of HomeKit Data Stream. */
  constructor(
    hap: HapExports,
    options: InstallOptions,
    say: (line: string) => void,
    aead: MessageAead | undefined,
  ) {
    this.#hap = hap;
    this.#options = [options];
    this.#say = say;
    try {
      this.#patch(hap, aead);
    } catch (error) {
      this.#patches.undo();
      this.#classPatches.undo();
      throw error;
    }
    subscribe(serverClosed.name, this.#onServerClosed);
  }

  #patch(hap: HapExports, aead: MessageAead | undefined): void {
    const { prototype } = hap.HAPServer;
    const file = fileOf(prototype);
    if (file !== undefined) speedUpPairing(file, aead, this.#patches);
    const { listen } = prototype;
    const carryFirst = this.#carry.bind(this);
    this.#patches.replace(prototype, "listen", function (this: HapServer, ...target: unknown[]) {
      carryFirst(this);
      return listen.apply(this, target);
    });
    this.#patches.replace(prototype, CARRIED_BY, version);
    if (isClass(hap.HAPConnection)) {
      claimInstances(this.#classPatches, hap.HAPConnection, HAPConnection);
    }
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  get reason(): string | undefined {
    return this.#isActive ? undefined : "hapwire was uninstalled";
  }

  join(options: InstallOptions): void {
    this.#options.push(options);
  }

  uninstall(): void {
    // A second call must not touch what another `install` has done since.
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#patches.undo();
    installed.delete(this.#hap.HAPServer.prototype);
    this.#restoreClasses();
  }

  #restoreClasses(): void {
    if (this.#isActive || this.#carried.size > 0) return;
    this.#classPatches.undo();
    // Later: Node 20.11 skips the next subscriber if one leaves while a message is published.
    process.nextTick(unsubscribe, serverClosed.name, this.#onServerClosed);
  }

  #carry(hapServer: HapServer): void {
    // Another library may have wrapped `listen`, and goes on to call this after `uninstall`.
    if (!this.#isActive) return;
    let title = "a bridge";
    try {
      const { httpServer: transport } = hapServer;
      if (transport instanceof EventedHTTPServer) return;
      title = titleOf(hapServer);
      checkTransport(this.#hap, transport);
      this.#prepare(classOf(transport));
      const { server = {} } = this.#options.find(({ server: its }) => its !== undefined) ?? {};
      const bridge = carry(this.#hap, hapServer, transport, server);
      this.#carried.add(bridge.server);
      this.#say(`carries ${title}: ${describeTransport(bridge)}`);
      this.#tell(bridge);
    } catch (error) {
      this.#say(`is not active for ${title}: ${causeOf(error)}; the bridge runs as before`);
    }
  }

  /** HAP-NodeJS asks the class of its own transport to close the connections of a controller that is unpaired. */
  #prepare(stock: StockServerClass): void {
    if (this.#prepared.has(stock)) return;
    const { destroyExistingConnectionsAfterUnpair: original } = stock;
    const destroy: typeof original = (initiator, username) => {
      if (initiator instanceof HAPConnection) {
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(initiator, username);
      } else {
        original.call(stock, initiator, username);
      }
    };
    this.#classPatches.replace(stock, "destroyExistingConnectionsAfterUnpair", destroy);
    claimInstances(this.#classPatches, stock, EventedHTTPServer);
    this.#prepared.add(stock);
  }

  #tell(bridge: CarriedBridge): void {
    timeAccessories(bridge);
    for (const { onCarried } of this.#options) {
      try {
        onCarried?.(bridge);
      } catch (error) {
        this.#say(`onCarried has thrown for ${bridge.name} (${bridge.username}): ${causeOf(error)}`);
      }
    }
  }
}

/** Makes `instanceof` true for hapwire's objects too: plugins may ask for HAP-NodeJS's class. */
function claimInstances(
  patches: Patches,
  stock: object,
  ours: abstract new (...args: never[]) => unknown,
): void {
  const original = Function.prototype[Symbol.hasInstance];
  patches.replace(stock, Symbol.hasInstance, function (this: object, value: unknown) {
    return original.call(this, value) || (this === stock && value instanceof ours);
  });
}

/** The log of the options. If there is none, or if it is no function, standard error. */
function logOf(options: unknown): (line: string) => void {
  const { log } = Object(options) as InstallOptions;
  return typeof log === "function" ? log : logToStderr;
}

/** @throws {@link ArgumentError} */
function checkInstallOptions(options: InstallOptions): void {
  checkOptionNames<InstallOptions>(options, OPTION_NAMES, "install()");
  checkFunction(options.log ?? logToStderr, "options.log");
  checkFunction(options.onCarried ?? logToStderr, "options.onCarried");
}

/** @throws Error if this Node is too old for hapwire. */
function checkNode(): void {
  if (Number.parseInt(process.versions.node) < NODE_MAJOR) {
    throw new Error(`Node ${process.version} is too old, hapwire needs Node ${String(NODE_MAJOR)} or newer`);
  }
}

/** The part of an error that a user sees: its first line. */
function causeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

/** A log that throws must not stop a bridge. */
function sayTo(log: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      log(line);
    } catch {
      // There is nobody left to tell.
    }
  };
}

function logToStderr(line: string): void {
  process.stderr.write(`hapwire ${line}\n`);
}
