/**
 * Replaces functions in the modules that HAP-NodeJS works with. The modules are found from HAP-NodeJS's own files. Their
 * exports are changed in place, so the order of loading does not matter.
 */

import { createRequire } from "node:module";

import { DebugOutput } from "../debug-output";
import type { MessageAead } from "../engine/contract";
import { srpPowerOnOpenSsl, type BigInteger } from "../pairing/srp-power";
import { saveOnChange } from "./identifier-cache";
import { hapCryptoOnNode, tweetnaclOnNode } from "./pairing-crypto";
import type { Patches } from "./patches";
import { rememberShortForms } from "./short-uuid";

const debug = new DebugOutput("hapwire:homebridge");

/** Marks an object that a copy of hapwire has changed. Copies of HAP-NodeJS may share a module. */
const CHANGED = Symbol.for("hapwire.changed");

/** A change of one module. */
interface Change {
  /** The object that gets other members. */
  readonly target: object;
  /** Makes the members. The result is empty if the target's own are unknown. */
  readonly members: () => object;
}

/** Each change, by the name of its module. A relative name starts at HAP-NodeJS's folder `lib`. */
function changes(aead: MessageAead | undefined): Readonly<Record<string, (exports: object) => Change>> {
  return {
    tweetnacl: (exports) => ({ target: exports, members: () => tweetnaclOnNode(exports) }),
    "fast-srp-hap": (exports) => {
      const { SRP } = exports as { SRP: { params: { hap: { N: BigInteger } } } };
      const { N } = SRP.params.hap;
      const target = Object.getPrototypeOf(N) as object;
      return { target, members: () => ({ modPow: srpPowerOnOpenSsl(N) }) };
    },
    "./util/hapCrypto": (exports) => ({ target: exports, members: () => hapCryptoOnNode(exports, aead) }),
    "./util/uuid": (exports) => ({ target: exports, members: () => rememberShortForms(exports) }),
    "./model/IdentifierCache": (exports) => {
      const { IdentifierCache } = exports as { IdentifierCache: { prototype: object } };
      return { target: IdentifierCache.prototype, members: () => saveOnChange(IdentifierCache.prototype) };
    },
  };
}

/**
 * Makes HAP-NodeJS faster with the same results: it pairs on the OpenSSL inside Node and repeats less work. A module that
 * cannot be changed stays as it is.
 *
 * @param file - The path or URL of HAP-NodeJS's file that has its folders `util` and `model` beside it.
 */
export function speedUpModules(file: string, aead: MessageAead | undefined, patches: Patches): void {
  const load = requireFrom(file);
  if (load === undefined) return;
  for (const [name, change] of Object.entries(changes(aead))) {
    try {
      const exports = exportsOf(name, load);
      if (exports !== undefined) apply(name, change(exports), patches);
    } catch (error) {
      debug.write("%s stays as it is: %s", name, (error as Error).message);
    }
  }
}

/** @returns Undefined if HAP-NodeJS's own module is an ES module: its exports cannot be changed. */
function exportsOf(name: string, load: NodeJS.Require): object | undefined {
  if (!name.startsWith(".")) return load(name) as object;
  return load.cache[load.resolve(name)]?.exports as object | undefined;
}

function apply(name: string, { target, members }: Change, patches: Patches): void {
  if (Object.hasOwn(target, CHANGED)) return;
  const changed = Object.entries(members());
  if (changed.length === 0) throw new Error("its functions are unknown");
  for (const [member, value] of changed) {
    patches.replace(target, member, value);
  }
  patches.replace(target, CHANGED, true);
  debug.write("%s is faster: %s", name, changed.map(([member]) => member).join(", "));
}

/** @returns Undefined if the file has no path, as in a bundle that was evaluated under a name. */
function requireFrom(file: string): NodeJS.Require | undefined {
  try {
    return createRequire(file);
  } catch (error) {
    debug.write("the modules of HAP-NodeJS stay as they are: %s", (error as Error).message);
    return undefined;
  }
}
