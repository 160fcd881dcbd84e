/** The state of an accessory's pairings: made once, checked when it is loaded, saved at each change. */

import { randomBytes } from "node:crypto";

import { HapwireError } from "../errors";
import { KEY_LENGTH } from "../frame";
import { isSetupCode, isSetupId, randomSetupCode, randomSetupId } from "./setup-code";

/** A controller that is paired. */
export interface PairedController {
  /** The pairing identifier, which the controller has chosen. */
  readonly id: string;
  /** Its long-term public key: 32 bytes in hexadecimal. */
  readonly publicKey: string;
  /** True if it may add, remove and list pairings. */
  readonly isAdmin: boolean;
}

/** All that a {@link PairingStorage} keeps. Plain JSON. Secret: whoever has it can pretend to be the accessory. */
export interface PairingState {
  /** The version of this form. */
  readonly version: 1;
  /** The accessory's pairing identifier: six bytes as `1A:2B:3C:4D:5E:6F`. */
  readonly accessoryId: string;
  /** The accessory's long-term secret key: 32 bytes in hexadecimal. */
  readonly secretKey: string;
  /** The setup code that was made for the accessory. The option `setupCode` goes before it. */
  readonly setupCode: string;
  /** Ties the QR code to the advertisement: four characters. */
  readonly setupId: string;
  /** Wrong setup codes since the last right one. */
  readonly failedAttempts: number;
  /** The pairings, oldest first. */
  readonly controllers: readonly PairedController[];
}

const ACCESSORY_ID_LENGTH = 6;
const ACCESSORY_ID = /^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/;
const KEY = /^[0-9a-f]{64}$/;

/** A new accessory, which nobody is paired with. */
export function createState(): PairingState {
  const id = randomBytes(ACCESSORY_ID_LENGTH);
  return {
    version: 1,
    accessoryId: [...id].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":"),
    secretKey: randomBytes(KEY_LENGTH).toString("hex"),
    setupCode: randomSetupCode(),
    setupId: randomSetupId(),
    failedAttempts: 0,
    controllers: [],
  };
}

/**
 * Checks the state that a storage has loaded.
 *
 * @throws {@link HapwireError} `ERR_HAPWIRE_STORAGE` that names the first field that is wrong.
 */
export function checkState(loaded: unknown): PairingState {
  const state = Object(loaded) as Partial<Record<keyof PairingState, unknown>>;
  const isValid: Readonly<Record<keyof PairingState, boolean>> = {
    version: state.version === 1,
    accessoryId: matches(state.accessoryId, ACCESSORY_ID),
    secretKey: matches(state.secretKey, KEY),
    setupCode: isSetupCode(state.setupCode),
    setupId: isSetupId(state.setupId),
    failedAttempts: Number.isSafeInteger(state.failedAttempts) && (state.failedAttempts as number) >= 0,
    controllers: Array.isArray(state.controllers) && state.controllers.every(isController),
  };
  const wrong = Object.entries(isValid).find(([, valid]) => !valid);
  if (wrong !== undefined) {
    const message = `the storage holds no state of an accessory: ${wrong[0]} is wrong; restore it, or remove it and pair anew`;
    throw new HapwireError("ERR_HAPWIRE_STORAGE", message);
  }
  return loaded as PairingState;
}

function isController(value: unknown): value is PairedController {
  const { id, publicKey, isAdmin } = Object(value) as Partial<Record<keyof PairedController, unknown>>;
  return typeof id === "string" && matches(publicKey, KEY) && typeof isAdmin === "boolean";
}

function matches(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}
