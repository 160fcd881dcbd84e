/** Puts hapwire under HAP-NodeJS: its transport, and what it does for pairing, are ours from when the package loads. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import type { MessageAead } from "../engine/contract";
import { loadEngine } from "../engine/load";
import { HapwireError } from "../errors";
import {
  EventedHTTPServer,
  EventedHTTPServerEvent,
  HAPConnection,
  HAPConnectionEvent,
  HAPConnectionState,
  HAPEncryption,
} from "../index";
import type { HapPackage } from "./hap-package";
import { hapCryptoOnNode, tweetnaclOnNode } from "./pairing-crypto";
import { handleParts, type PartHandlers } from "./parts";

/** What stands for HAP-NodeJS's transport: its exports, by name. */
export type TransportExports = Readonly<Record<string, unknown>>;

/** HAP-NodeJS's transport, as hapwire has it. */
export const transportExports = {
  EventedHTTPServer,
  EventedHTTPServerEvent,
  HAPConnection,
  HAPConnectionEvent,
  HAPConnectionState,
  HAPEncryption,
} satisfies TransportExports;

/** Hapwire cannot take the place of a HAP-NodeJS package's transport; the package is as it was. */
export class SubstituteError extends HapwireError {
  override readonly name = "SubstituteError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_HAPWIRE_SUBSTITUTE", message, options);
  }
}

/** Without these in its module, a package is no HAP-NodeJS that we know. */
const REQUIRED_CLASSES = ["EventedHTTPServer", "HAPConnection", "HAPEncryption"];

/** Marks a module's exports as put there by {@link replaceTransport}, by this copy of hapwire or another. */
const SUBSTITUTED = Symbol.for("hapwire.substituted");

/**
 * Loads a HAP-NodeJS package with hapwire as its transport.
 *
 * A second call for the same package gives the same package, on the transport of the first call.
 *
 * @param packageName - `@homebridge/hap-nodejs` or `hap-nodejs`.
 * @param from - The folder that the package is resolved from, as `require` in a file there would.
 * @param replacement - What to put in the place of the package's own exports. Default: hapwire's.
 * @returns The package's exports.
 * @throws {@link SubstituteError} where the package is not there, has loaded already, or has another shape than ours.
 */
export function loadOnHapwire(
  packageName: string,
  from: string,
  replacement: TransportExports = transportExports,
): unknown {
  const requireFrom = createRequire(join(from, "any.js"));
  const entry = resolveEntry(requireFrom, packageName, from);
  // The package may hide the file from `require` by name, so it is found from the main entry.
  const file = join(dirname(entry), "lib", "util", "eventedhttp.js");
  const stop = handleParts({
    transport: (module, of) => {
      replaceTransport(module, of, replacement);
    },
    ...pairingHandlers,
    unknown(reason) {
      throw new SubstituteError(reason);
    },
    failed(error) {
      throw error;
    },
  });
  try {
    loadTransport(requireFrom, packageName, file);
    return requireFrom(entry);
  } finally {
    stop();
  }
}

/** What all who put hapwire under HAP-NodeJS do with the parts that pairing is made of. */
export const pairingHandlers: Pick<PartHandlers, "crypto" | "signing"> = {
  crypto: (module) => {
    // Into the object that the package's other files may have already.
    Object.assign(module.exports as object, hapCryptoOnNode(module.exports, messageAead()));
  },
  signing: tweetnaclOnNode,
};

/** @returns undefined where the engine has none; where there is no engine, replacing the transport says so. */
function messageAead(): MessageAead | undefined {
  try {
    return loadEngine().messages;
  } catch {
    return undefined;
  }
}

function resolveEntry(requireFrom: NodeJS.Require, packageName: string, from: string): string {
  try {
    return requireFrom.resolve(packageName);
  } catch (cause) {
    throw new SubstituteError(`${packageName} is not installed where ${from} can load it`, { cause });
  }
}

/** The transport before all else, so that nothing else of the package has loaded where it cannot be replaced. */
function loadTransport(requireFrom: NodeJS.Require, packageName: string, file: string): void {
  let exports: unknown;
  try {
    exports = requireFrom(file);
  } catch (cause) {
    if (cause instanceof SubstituteError) {
      throw cause;
    }
    throw new SubstituteError(`${packageName} has no transport that can be loaded at ${file}`, { cause });
  }
  if (!isSubstituted(exports)) {
    throw new SubstituteError(
      `${packageName} has loaded with a transport of its own; load hapwire before it (${file})`,
    );
  }
}

/**
 * Puts `replacement` in the place of the exports that a transport has just made; names that only these have are kept.
 *
 * @throws {@link SubstituteError} where they have another shape than ours; they are as they were then.
 */
export function replaceTransport(module: NodeJS.Module, of: HapPackage, replacement: TransportExports): void {
  const original = Object(module.exports) as TransportExports;
  if (isSubstituted(original)) {
    return;
  }
  checkShape(`${of.name} ${of.version}`, original, replacement);
  const merged = { ...original, ...replacement };
  Object.defineProperty(merged, "__esModule", { value: true });
  Object.defineProperty(merged, SUBSTITUTED, { value: true });
  module.exports = merged;
}

/** Checks that the replacement has everything that the package expects of the names we know. */
function checkShape(what: string, original: TransportExports, replacement: TransportExports): void {
  for (const name of REQUIRED_CLASSES) {
    if (typeof original[name] !== "function") {
      throw new SubstituteError(`the transport of ${what} has no class ${name}: this version is not known`);
    }
  }
  for (const [name, theirs] of Object.entries(original)) {
    const ours = replacement[name];
    if (ours === undefined) {
      continue;
    }
    if (typeof ours !== typeof theirs) {
      throw new SubstituteError(`${name} of ${what} is of type ${typeof theirs}, hapwire's is not`);
    }
    if (typeof theirs === "object") {
      checkEnum(`${name} of ${what}`, theirs, ours);
    }
  }
}

function checkEnum(what: string, theirs: unknown, ours: unknown): void {
  const known = Object(ours) as TransportExports;
  for (const [key, value] of Object.entries(Object(theirs) as TransportExports)) {
    if (known[key] !== value) {
      throw new SubstituteError(`${what} has ${key} = ${String(value)}, which hapwire does not know`);
    }
  }
}

function isSubstituted(exports: unknown): boolean {
  return Object.hasOwn(Object(exports) as object, SUBSTITUTED);
}
