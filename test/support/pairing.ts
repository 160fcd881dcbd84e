/** Users that pair with an accessory, and pair-verify over a connection whose every byte is looked at. */

import { generateKeyPairSync, randomUUID } from "node:crypto";

import PairingProtocol, { type PairingData } from "hap-controller/lib/protocol/pairing-protocol";

import type { Controller } from "./controller";
import type { Message } from "#bench/harness/message-reader";

const TLV = "application/pairing+tlv8";

/** The data of an accessory that a user needs to verify with it. */
export interface AccessoryKeys {
  readonly username: string;
  readonly signPk: Uint8Array;
}

/** Someone who may pair with an accessory. */
export class User {
  /** The pairing identifier. */
  readonly name = randomUUID();
  readonly publicKey: Buffer;
  readonly #secretKey: Buffer;

  constructor() {
    // Encoded as they are made: exporting them afterwards can hang Node 20, see src/homebridge/pairing-crypto.ts.
    const { publicKey, privateKey } = generateKeyPairSync("ed25519", {
      publicKeyEncoding: { format: "der", type: "spki" },
      privateKeyEncoding: { format: "der", type: "pkcs8" },
    });
    this.publicKey = publicKey.subarray(-32);
    this.#secretKey = Buffer.concat([privateKey.subarray(-32), this.publicKey]);
  }

  pairingWith({ username, signPk }: AccessoryKeys): PairingData {
    return {
      AccessoryPairingID: Buffer.from(username).toString("hex"),
      AccessoryLTPK: Buffer.from(signPk).toString("hex"),
      iOSDevicePairingID: Buffer.from(this.name).toString("hex"),
      iOSDeviceLTPK: this.publicKey.toString("hex"),
      iOSDeviceLTSK: this.#secretKey.toString("hex"),
    };
  }
}

/** Posts a message of pairing. */
export async function postTlv(controller: Controller, url: string, body: Buffer): Promise<Message> {
  return controller.fetch("POST", url, { body, headers: { "Content-Type": TLV } });
}

/** Does pair-verify by hap-controller's protocol, and secures the connection. */
export async function verifyPairing(controller: Controller, pairing: PairingData): Promise<void> {
  const protocol = new PairingProtocol(pairing);
  const m2 = await postTlv(controller, "/pair-verify", await protocol.buildPairVerifyM1());
  await protocol.parsePairVerifyM2(m2.body);
  const m4 = await postTlv(controller, "/pair-verify", await protocol.buildPairVerifyM3());
  await protocol.parsePairVerifyM4(m4.body);
  const keys = protocol.getSessionKeys();
  controller.secure({
    accessoryToControllerKey: Buffer.from(keys.AccessoryToControllerKey),
    controllerToAccessoryKey: Buffer.from(keys.ControllerToAccessoryKey),
  });
}
