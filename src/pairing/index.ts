/**
 * `hapwire/pairing`: pairing for an accessory server of your own. docs/pairing.md is its guide.
 *
 * @module hapwire/pairing
 */

export {
  AccessoryPairing,
  type AccessoryPairingEvents,
  type Advertisement,
  type PairingOptions,
  type RequestHandler,
} from "./accessory-pairing";
export { JsonFileStorage } from "./json-file-storage";
export type { PairedController, PairingState } from "./state";
export { MemoryStorage, type PairingStorage } from "./storage";
