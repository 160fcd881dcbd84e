/** Pair-verify: a controller and the accessory prove to each other who they are, and secure the connection. M1 to M4. */

import type { HAPConnection } from "../connection";
import { deriveSessionKeys } from "../encryption";
import { failure, success, type Answer } from "./answer";
import { identifierOf } from "./identifier";
import { deriveKey, exchangeKeys, isSignedBy, openMessage, sealMessage } from "./pairing-crypto";
import type { PairingRecord } from "./pairing-record";
import { PairingError, Status, Type } from "./protocol";
import { byteOf, decodeTlv, encodeTlv, type TlvItems } from "./tlv";

/** The results of M1, for M3. */
interface Verification {
  readonly theirPublicKey: Buffer;
  readonly ourPublicKey: Buffer;
  readonly sharedSecret: Buffer;
  /** Seals the messages of the pair-verify. */
  readonly messageKey: Buffer;
}

export class PairVerify {
  readonly #record: PairingRecord;
  readonly #verifications = new WeakMap<HAPConnection, Verification>();
  /** Connections whose keys are wiped when they close. */
  readonly #watched = new WeakSet<HAPConnection>();

  constructor(record: PairingRecord) {
    this.#record = record;
  }

  answer(connection: HAPConnection, items: TlvItems): Answer {
    const state = byteOf(items, Type.State);
    const isFirst = state === 1;
    const verification = this.#verifications.get(connection);
    // A session keeps its keys until the connection closes.
    if (connection.isAuthenticated() || (!isFirst && (state !== 3 || verification === undefined))) {
      return failure(state === 3 ? 4 : 2, PairingError.Unknown, Status.BadRequest);
    }
    if (isFirst || verification === undefined) {
      return this.#start(connection, items);
    }
    const controller = this.#identify(verification, items);
    if (controller === undefined) {
      this.#forget(connection);
      return failure(4, PairingError.Authentication);
    }
    return {
      ...success(4),
      afterwards: () => {
        this.#secure(connection, verification, controller);
      },
    };
  }

  /** M1 to M2. */
  #start(connection: HAPConnection, items: TlvItems): Answer {
    this.#forget(connection);
    const theirPublicKey = items.get(Type.PublicKey);
    const exchange = theirPublicKey && exchangeKeys(theirPublicKey);
    if (theirPublicKey === undefined || exchange === undefined) {
      return failure(2, PairingError.Unknown, Status.BadRequest);
    }
    const { publicKey: ourPublicKey, sharedSecret } = exchange;
    const messageKey = deriveKey(sharedSecret, "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
    const { signingKey, state } = this.#record;
    const id = Buffer.from(state.accessoryId);
    const signature = signingKey.sign(Buffer.concat([ourPublicKey, id, theirPublicKey]));
    const message = encodeTlv([
      [Type.Identifier, id],
      [Type.Signature, signature],
    ]);
    this.#remember(connection, {
      theirPublicKey: Buffer.from(theirPublicKey),
      ourPublicKey,
      sharedSecret,
      messageKey,
    });
    return success(
      2,
      [Type.PublicKey, ourPublicKey],
      [Type.EncryptedData, sealMessage(messageKey, "PV-Msg02", message)],
    );
  }

  /** Reads M3. @returns The identifier of the controller, or undefined if it has not proven to be one that is paired. */
  #identify(verification: Verification, items: TlvItems): string | undefined {
    const { theirPublicKey, ourPublicKey, messageKey } = verification;
    const sealed = items.get(Type.EncryptedData);
    const opened = sealed && openMessage(messageKey, "PV-Msg03", sealed);
    const message = opened && decodeTlv(opened);
    const id = identifierOf(message?.get(Type.Identifier));
    const signature = message?.get(Type.Signature);
    const controller = id === undefined ? undefined : this.#record.find(id);
    if (controller === undefined || signature === undefined) {
      return undefined;
    }
    const signed = Buffer.concat([theirPublicKey, Buffer.from(controller.id), ourPublicKey]);
    return isSignedBy(Buffer.from(controller.publicKey, "hex"), signed, signature)
      ? controller.id
      : undefined;
  }

  #secure(connection: HAPConnection, { sharedSecret }: Verification, id: string): void {
    if (this.#record.find(id) === undefined) {
      // Its pairing was removed while the answer was written.
      this.#forget(connection);
      connection.close();
      return;
    }
    const keys = deriveSessionKeys(sharedSecret);
    this.#forget(connection);
    connection.secure(keys);
    keys.accessoryToControllerKey.fill(0);
    keys.controllerToAccessoryKey.fill(0);
    connection.connectionAuthenticated(id);
  }

  #remember(connection: HAPConnection, verification: Verification): void {
    this.#verifications.set(connection, verification);
    if (!this.#watched.has(connection)) {
      this.#watched.add(connection);
      connection.once("closed", () => {
        this.#forget(connection);
      });
    }
  }

  #forget(connection: HAPConnection): void {
    const verification = this.#verifications.get(connection);
    verification?.sharedSecret.fill(0);
    verification?.messageKey.fill(0);
    this.#verifications.delete(connection);
  }
}
