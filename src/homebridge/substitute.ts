/** Puts hapwire under HAP-NodeJS: the package's module `lib/util/eventedhttp` is ours before the package loads. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import {
  EventedHTTPServer,
  EventedHTTPServerEvent,
  HAPConnection,
  HAPConnectionEvent,
  HAPConnectionState,
  HAPEncryption,
  HapwireError,
} from "../index";

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
    super("ERR_HAPWIRE_ENGINE", message, options);
  }
}

/** Without these in its module, a package is no HAP-NodeJS that we know. */
const REQUIRED_CLASSES = ["EventedHTTPServer", "HAPConnection", "HAPEncryption"];

/** Marks a module's exports as put there by {@link loadOnHapwire}, by this copy of hapwire or another. */
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
  const loaded = requireFrom.cache[file];
  if (loaded === undefined) {
    substitute(requireFrom, packageName, file, replacement);
  } else if (!isSubstituted(loaded.exports)) {
    throw new SubstituteError(
      `${packageName} has loaded with a transport of its own; load hapwire before it (${file})`,
    );
  }
  return requireFrom(entry);
}

function resolveEntry(requireFrom: NodeJS.Require, packageName: string, from: string): string {
  try {
    return requireFrom.resolve(packageName);
  } catch (cause) {
    throw new SubstituteError(`${packageName} is not installed where ${from} can load it`, { cause });
  }
}

function substitute(
  requireFrom: NodeJS.Require,
  packageName: string,
  file: string,
  replacement: TransportExports,
): void {
  const original = loadOriginal(requireFrom, packageName, file);
  const module = requireFrom.cache[file];
  if (module === undefined) {
    throw new SubstituteError(`${file} has loaded, but is not in require.cache`);
  }
  try {
    checkShape(packageName, original, replacement);
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- so that a later attempt starts afresh
    delete requireFrom.cache[file];
    throw error;
  }
  // Names that only the original has are kept.
  const merged = { ...original, ...replacement };
  Object.defineProperty(merged, "__esModule", { value: true });
  Object.defineProperty(merged, SUBSTITUTED, { value: true });
  module.exports = merged;
}

function loadOriginal(requireFrom: NodeJS.Require, packageName: string, file: string): TransportExports {
  let exports: unknown;
  try {
    exports = requireFrom(file);
  } catch (cause) {
    throw new SubstituteError(`${packageName} has no transport that can be loaded at ${file}`, { cause });
  }
  return Object(exports) as TransportExports;
}

/** Checks that the replacement has everything that the package expects of the names we know. */
function checkShape(packageName: string, original: TransportExports, replacement: TransportExports): void {
  for (const name of REQUIRED_CLASSES) {
    if (typeof original[name] !== "function") {
      throw new SubstituteError(
        `the transport of ${packageName} has no class ${name}: this version is not known`,
      );
    }
  }
  for (const [name, theirs] of Object.entries(original)) {
    const ours = replacement[name];
    if (ours === undefined) {
      continue;
    }
    if (typeof ours !== typeof theirs) {
      throw new SubstituteError(`${name} of ${packageName} is of type ${typeof theirs}, hapwire's is not`);
    }
    if (typeof theirs === "object") {
      checkEnum(`${name} of ${packageName}`, theirs, ours);
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
