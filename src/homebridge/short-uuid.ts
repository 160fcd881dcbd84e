/**
 * Remembers the short forms of UUIDs. For each request for `/accessories`, HAP-NodeJS makes thousands of them from about a
 * hundred different UUIDs.
 */

import { isKnownSource } from "./known-source";

/** `toShortForm` of HAP-NodeJS 0.11 to 0.14, and of 1.1 to 2.2. */
const KNOWN = ["e6b1a32917c9729d", "1ce8c4e09577a02e"];

/** More than the types of a bridge's services and characteristics. If there are more, all short forms are forgotten. */
const MOST = 1_024;

/** The part of HAP-NodeJS's `uuid` that hapwire uses. */
interface Uuid {
  /** The end of the UUIDs that have a short form. */
  readonly BASE_UUID: string;
  readonly toShortForm: (uuid: string, base?: string) => string;
}

/**
 * @param exports - HAP-NodeJS's `uuid`.
 * @returns A `toShortForm` that remembers the original's results. Empty if the original is unknown.
 */
export function rememberShortForms(exports: object): Partial<Uuid> {
  const uuids = exports as Uuid;
  const { toShortForm: original } = uuids;
  if (!isKnownSource(original, KNOWN)) return {};
  const shortForms = new Map<string, string>();
  let base = uuids.BASE_UUID;
  return {
    toShortForm(uuid, ofBase) {
      if (ofBase !== undefined || typeof uuid !== "string") return original(uuid, ofBase);
      // The result depends on the base, and exports of a CommonJS module can be assigned.
      if (uuids.BASE_UUID !== base || shortForms.size >= MOST) {
        shortForms.clear();
        base = uuids.BASE_UUID;
      }
      let shortForm = shortForms.get(uuid);
      if (shortForm === undefined) {
        // Throws if this is not a UUID.
        shortForm = original(uuid);
        shortForms.set(uuid, shortForm);
      }
      return shortForm;
    },
  };
}
