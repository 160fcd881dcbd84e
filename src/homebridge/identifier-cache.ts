/**
 * Saves an `IdentifierCache` only if it has changed. For each request for `/accessories`, HAP-NodeJS hashes all entries to
 * find out if the file must be written. HAP-NodeJS alone assigns identifiers and writes the file.
 */

import { isKnownSource } from "./known-source";

/** `IdentifierCache.prototype.save` of HAP-NodeJS 0.11 to 0.14, and of 1.1 to 2.2. */
const KNOWN = ["9c4a88f00579c636", "aba8c085c75862ae"];

/** The part of HAP-NodeJS's `IdentifierCache` that `save` looks at. */
interface IdentifierCache {
  readonly _cache: Readonly<Record<string, unknown>>;
  /** The hash of the entries in the file. */
  readonly _savedCacheHash: string;
  readonly save: (this: IdentifierCache) => void;
}

/** The entries in the file. */
interface Saved {
  readonly hash: string;
  /** In the order of the file. */
  readonly keys: readonly string[];
  readonly values: readonly number[];
}

/**
 * @param prototype - The prototype of HAP-NodeJS's `IdentifierCache`.
 * @returns A `save` that calls the original unless the file has the same entries. Empty if the original is unknown.
 */
export function saveOnChange(prototype: object): Partial<IdentifierCache> {
  const { save: original } = prototype as IdentifierCache;
  if (!isKnownSource(original, KNOWN)) return {};
  const saved = new WeakMap<IdentifierCache, Saved>();
  return {
    save(this: IdentifierCache) {
      const known = saved.get(this);
      if (known !== undefined && hasSaved(this, known)) return;
      original.call(this);
      // Not reached if writing has failed. Otherwise the hash is that of these entries.
      const values = Object.values(this._cache);
      if (values.every(isIdentifier)) {
        saved.set(this, { hash: this._savedCacheHash, keys: Object.keys(this._cache), values });
      }
    },
  };
}

/** True if the original would find the same hash. The order of the entries counts, since the hash is over their JSON. */
function hasSaved({ _cache: cache, _savedCacheHash: hash }: IdentifierCache, saved: Saved): boolean {
  const { keys, values } = saved;
  if (hash !== saved.hash) return false;
  let i = 0;
  for (const key in cache) {
    if (key !== keys[i] || cache[key] !== values[i]) return false;
    i += 1;
  }
  return i === keys.length;
}

/** True for a value that cannot change in place, as an object can. */
function isIdentifier(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
