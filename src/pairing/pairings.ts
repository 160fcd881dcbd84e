/** `/pairings`: an admin adds, removes and lists the controllers that are paired. */

import type { HAPConnection } from "../connection";
import { KEY_LENGTH } from "../frame";
import { EventedHTTPServer } from "../server";
import { failure, success, type Answer } from "./answer";
import { identifierOf } from "./identifier";
import type { Change, PairingRecord } from "./pairing-record";
import { Method, PairingError, Status, Type } from "./protocol";
import type { PairingState } from "./state";
import { byteOf, type TlvItems } from "./tlv";

/** Pairings at most: four times as many as HAP requires. */
export const MAX_CONTROLLERS = 64;

/** The permission of an admin. Other users have 0. */
const ADMIN = 1;

const NO_ADMIN = failure(2, PairingError.Authentication);

export class Pairings {
  readonly #record: PairingRecord;

  constructor(record: PairingRecord) {
    this.#record = record;
  }

  /**
   * @param connection - Authenticated.
   * @throws Error if the storage fails. Nothing has changed then.
   */
  async answer(connection: HAPConnection, items: TlvItems): Promise<Answer> {
    if (byteOf(items, Type.State) !== 1) {
      return failure(2, PairingError.Unknown, Status.BadRequest);
    }
    if (!isAdmin(connection, this.#record.state)) {
      return NO_ADMIN;
    }
    switch (byteOf(items, Type.Method)) {
      case Method.AddPairing:
        return this.#add(connection, items);
      case Method.RemovePairing:
        return this.#remove(connection, items);
      case Method.ListPairings:
        return this.#list();
      default:
        return failure(2, PairingError.Unknown, Status.BadRequest);
    }
  }

  /** Adds a pairing, or changes the permission of one that is there. */
  async #add(initiator: HAPConnection, items: TlvItems): Promise<Answer> {
    const id = identifierOf(items.get(Type.Identifier));
    const publicKey = items.get(Type.PublicKey);
    const permissions = byteOf(items, Type.Permissions) ?? -1;
    if (id === undefined || publicKey?.length !== KEY_LENGTH || permissions < 0 || permissions > ADMIN) {
      return failure(2, PairingError.Unknown, Status.BadRequest);
    }
    const added = { id, publicKey: publicKey.toString("hex"), isAdmin: permissions === ADMIN };
    let refusal: Answer | undefined;
    const change = await this.#record.update((state) => {
      if (!isAdmin(initiator, state)) {
        refusal = NO_ADMIN;
        return undefined;
      }
      const known = state.controllers.find((controller) => controller.id === id);
      if (known === undefined) {
        refusal = state.controllers.length < MAX_CONTROLLERS ? undefined : failure(2, PairingError.MaxPeers);
        return refusal === undefined ? { ...state, controllers: [...state.controllers, added] } : undefined;
      }
      if (known.publicKey !== added.publicKey) {
        refusal = failure(2, PairingError.Unknown);
        return undefined;
      }
      const controllers = state.controllers.map((controller) => (controller === known ? added : controller));
      return { ...state, controllers };
    });
    closeRemoved(initiator, change);
    return refusal ?? success(2);
  }

  /** Succeeds if nobody has this identifier, too. */
  async #remove(initiator: HAPConnection, items: TlvItems): Promise<Answer> {
    const id = identifierOf(items.get(Type.Identifier));
    if (id === undefined) {
      return failure(2, PairingError.Unknown, Status.BadRequest);
    }
    let refusal: Answer | undefined;
    const change = await this.#record.update((state) => {
      if (!isAdmin(initiator, state)) {
        refusal = NO_ADMIN;
        return undefined;
      }
      const controllers = state.controllers.filter((controller) => controller.id !== id);
      return controllers.length < state.controllers.length ? { ...state, controllers } : undefined;
    });
    closeRemoved(initiator, change);
    return refusal ?? success(2);
  }

  #list(): Answer {
    const entries = this.#record.state.controllers.map(({ id, publicKey, isAdmin }): Answer["items"] => [
      [Type.Identifier, Buffer.from(id)],
      [Type.PublicKey, Buffer.from(publicKey, "hex")],
      [Type.Permissions, isAdmin ? ADMIN : 0],
    ]);
    const separator: Answer["items"] = [[Type.Separator, Buffer.alloc(0)]];
    return success(2, ...entries.flatMap((entry, index) => (index === 0 ? entry : [...separator, ...entry])));
  }
}

/** Asked again when a change is made: an earlier one may have removed the initiator, or taken its permission. */
function isAdmin({ username }: HAPConnection, { controllers }: PairingState): boolean {
  return controllers.some((controller) => controller.id === username && controller.isAdmin);
}

/** Closes the connections of those that are not paired any longer. The initiator's own gets its response first. */
function closeRemoved(initiator: HAPConnection, change: Change | undefined): void {
  for (const { id } of change?.before.controllers ?? []) {
    if (!change?.after.controllers.some((controller) => controller.id === id)) {
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(initiator, id);
    }
  }
}
