/** `install(hap)`: hapwire carries every bridge that this HAP-NodeJS publishes from now on. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { checkFunction } from "../check";
import { HAPConnection } from "../connection";
import { serverClosed, type ServerMessage } from "../diagnostics";
import { causeOf, isNodeTooOld, OLDEST_NODE } from "../engine/addon-error";
import type { Engine, MessageAead } from "../engine/contract";
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
import { speedUpModules } from "./hap-modules";
import { Patches } from "./patches";

/** Options of {@link install}. */
export interface InstallOptions {
  /** Options of each server that hapwire makes for a bridge. */
  readonly server?: ServerOptions;
  /** Receives one line for each bridge. By default the line goes to standard error, after "hapwire ". */
  readonly log?: (line: string) => void;
  /** Called when hapwire has replaced a bridge's transport, before the bridge listens. An error that it throws is logged. */
  readonly onCarried?: (bridge: CarriedBridge) => void;
}

/** The result of {@link install}. */
export interface Installation {
  /** True if hapwire carries the bridges that are published from now on. */
  readonly isActive: boolean;
  /** The reason if hapwire is not active, in one line. */
  readonly reason?: string | undefined;
  /**
   * Puts HAP-NodeJS back as it was. Bridges that are carried stay on hapwire until they are unpublished. After the last one,
   * the classes of HAP-NodeJS's transport are put back too.
   */
  uninstall(): void;
}

const OPTION_NAMES = { server: true, log: true, onCarried: true };

/** On the prototype of a `HAPServer`: the version of the copy of hapwire that carries its bridges. */
const CARRIED_BY = Symbol.for("hapwire.carried-by");

/** The installed seams, by the prototype of `HAPServer`. */
const installed = new WeakMap<object, Seam>();

/**
 * Puts hapwire under a HAP-NodeJS: hapwire carries every bridge or accessory that is published after this call.
 *
 * Never throws. If hapwire cannot carry a bridge, one line says why, and the bridge runs on HAP-NodeJS's own transport.
 *
 * A second call for the same HAP-NodeJS returns the first call's result. `onCarried` of all calls is called. The first call
 * that has `server` options decides them; if they are wrong in a later call, one line names the mistake.
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
 * @param hap - HAP-NodeJS's exports: `require("hap-nodejs")`, `api.hap` of a Homebridge plugin, or the namespace of an ES
 *   module.
 */
export function install(hap: object, options: InstallOptions = {}): Installation {
  const say = sayTo(logOf(options));
  try {
    checkNode();
    checkExports(hap);
    const { prototype } = hap.HAPServer;
    const before = installed.get(prototype);
    if (before !== undefined) {
      before.join(options, say);
      return before;
    }
    const { messages } = engineFor(options);
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
  /** The options of each call of {@link install}. */
  readonly #options: InstallOptions[];
  readonly #say: (line: string) => void;
  readonly #patches = new Patches();
  /** Changes of the classes of HAP-NodeJS's transport. Carried bridges need them after `uninstall` too. */
  readonly #classPatches = new Patches();
  /** The classes that hand unpaired connections of hapwire on. */
  readonly #prepared = new WeakSet<StockServerClass>();
  /** The transports of carried bridges that have not closed yet. */
  readonly #carried = new Set<EventedHTTPServer>();
  readonly #onServerClosed = (message: unknown): void => {
    this.#carried.delete((message as ServerMessage).server);
    this.#restoreClasses();
  };
  #isActive = true;

  /** @param aead - Seals and opens messages of pairing and of HomeKit Data Stream. */
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
    if (file !== undefined) speedUpModules(file, aead, this.#patches);
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

  /** Adds the options of another call. If its server options are wrong, they are named and ignored. */
  join(options: InstallOptions, say: (line: string) => void): void {
    try {
      engineFor(options);
      this.#options.push(options);
    } catch (error) {
      say(`is active, but ignores the server options of this call: ${causeOf(error)}`);
      const { onCarried } = Object(options) as InstallOptions;
      if (typeof onCarried === "function") this.#options.push({ onCarried });
    }
  }

  uninstall(): void {
    // A second call must not undo a later `install`.
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#patches.undo();
    installed.delete(this.#hap.HAPServer.prototype);
    this.#restoreClasses();
  }

  #restoreClasses(): void {
    if (this.#isActive || this.#carried.size > 0) return;
    this.#classPatches.undo();
    // On the next tick: Node 20.11 skips a subscriber if another one leaves while a message is published.
    process.nextTick(unsubscribe, serverClosed.name, this.#onServerClosed);
  }

  #carry(hapServer: HapServer): void {
    // Another library may have wrapped `listen` and still call this after `uninstall`.
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

  /** HAP-NodeJS asks the class of its own transport to close the connections of an unpaired controller. */
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

/** Makes `instanceof` of HAP-NodeJS's class true for hapwire's objects too, since plugins may use it. */
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

/** The log of the options, or standard error if `log` is not a function. */
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
  if (isNodeTooOld()) {
    throw new Error(`Node ${process.version} is too old, hapwire needs Node ${String(OLDEST_NODE)} or newer`);
  }
}

/** @throws Error if an option is wrong, or if the engine cannot run. */
function engineFor(options: InstallOptions): Engine {
  checkInstallOptions(options);
  return loadEngine(settingsFrom(options.server ?? {}, "options.server").engine);
}

/** Calls a log whose errors must not stop a bridge. */
function sayTo(log: (line: string) => void): (line: string) => void {
  return (line) => {
    try {
      log(line);
    } catch {
      // The error of a log cannot be logged.
    }
  };
}

function logToStderr(line: string): void {
  process.stderr.write(`hapwire ${line}\n`);
}
