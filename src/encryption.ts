/** HAPEncryption: the record of a pair-verify that HAP-NodeJS fills in, and the keys that stand-alone users pass. */

import type * as crypto from "node:crypto";
import { inspect } from "node:util";

import { checkKey } from "./check";
import { KEY_LENGTH } from "./frame";

/** The two keys of a session, 32 bytes each. */
export interface SessionKeys {
  /** Seals the accessory's messages. */
  accessoryToControllerKey: Uint8Array;
  /** Seals the controller's messages. */
  controllerToAccessoryKey: Uint8Array;
}

/**
 * The record of a pair-verify. The transport copies the session keys when the first bytes after them arrive. It keeps its own
 * counters and writes their values back here. A controller may use the same record with the two keys exchanged.
 *
 * @example
 * ```js
 * const none = Buffer.alloc(0); // the fields of pair-verify itself
 * const encryption = new HAPEncryption(none, none, none, none, none);
 * const { accessoryToControllerKey, controllerToAccessoryKey } = deriveSessionKeys(sharedSecret);
 * encryption.accessoryToControllerKey = Buffer.from(accessoryToControllerKey);
 * encryption.controllerToAccessoryKey = Buffer.from(controllerToAccessoryKey);
 * ```
 */
export class HAPEncryption {
  /** Frames sent: the counter of the next frame. Set it before the session if the counter does not start at 0. */
  accessoryToControllerCount = 0;
  /** Frames received. */
  controllerToAccessoryCount = 0;
  /** 32 bytes. Empty until the keys are agreed on. */
  accessoryToControllerKey: Buffer = Buffer.alloc(0);
  /** 32 bytes. Empty until the keys are agreed on. */
  controllerToAccessoryKey: Buffer = Buffer.alloc(0);
  /** The start of a frame that arrived before the session began. */
  incompleteFrame?: Buffer | undefined;

  constructor(
    /** The controller's public key of this pair-verify. */
    readonly clientPublicKey: Buffer,
    /** The accessory's secret key of this pair-verify. */
    readonly secretKey: Buffer,
    /** The accessory's public key of this pair-verify. */
    readonly publicKey: Buffer,
    /** The X25519 secret that both sides have computed from these. */
    readonly sharedSecret: Buffer,
    /** Seals the messages of the pair-verify itself. */
    readonly hkdfPairEncryptionKey: Buffer,
  ) {}

  /** Shows the counters and no key. */
  [inspect.custom](): string {
    const { accessoryToControllerCount: sent, controllerToAccessoryCount: received } = this;
    return `HAPEncryption { accessoryToControllerCount: ${String(sent)}, controllerToAccessoryCount: ${String(received)} }`;
  }
}

/**
 * Derives the keys of a session from the shared secret of pair-verify. [PROTOCOL: the secured session]
 *
 * @param sharedSecret - The X25519 shared secret: 32 bytes.
 * @throws {@link ArgumentError} if it does not have 32 bytes.
 */
export function deriveSessionKeys(sharedSecret: Uint8Array): SessionKeys {
  checkKey(sharedSecret, "sharedSecret");
  // Loaded here: a server listens without it.
  const { hkdfSync } = require("node:crypto") as typeof crypto;
  const derive = (info: string): Buffer =>
    Buffer.from(hkdfSync("sha512", sharedSecret, "Control-Salt", info, KEY_LENGTH));
  return {
    accessoryToControllerKey: derive("Control-Read-Encryption-Key"),
    controllerToAccessoryKey: derive("Control-Write-Encryption-Key"),
  };
}
