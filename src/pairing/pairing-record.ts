/** The state of an accessory, as pairing reads and changes it. A change counts when it is saved, and not before. */

import { SigningKey } from "./pairing-crypto";
import { checkState, createState, type PairedController, type PairingState } from "./state";
import type { PairingStorage } from "./storage";

/** The states before and after a change. */
export interface Change {
  readonly before: PairingState;
  readonly after: PairingState;
}

export class PairingRecord {
  readonly signingKey: SigningKey;
  readonly #storage: PairingStorage;
  #state: PairingState;
  /** Resolves when the last change is saved, or has failed. */
  #lastChange: Promise<unknown> = Promise.resolve();
  /** Called when a change is saved. Must not throw. */
  onChange: (change: Change) => void = () => undefined;

  private constructor(storage: PairingStorage, state: PairingState) {
    this.#storage = storage;
    this.#state = state;
    const seed = Buffer.from(state.secretKey, "hex");
    this.signingKey = new SigningKey(seed);
    seed.fill(0);
  }

  /** Loads the state. Makes and saves a state if the storage has no state. */
  static async open(storage: PairingStorage): Promise<PairingRecord> {
    const loaded = await storage.load();
    if (loaded !== undefined) {
      return new PairingRecord(storage, checkState(loaded));
    }
    const state = createState();
    await storage.save(state);
    return new PairingRecord(storage, state);
  }

  get state(): PairingState {
    return this.#state;
  }

  get isPaired(): boolean {
    return this.#state.controllers.length > 0;
  }

  find(id: string): PairedController | undefined {
    return this.#state.controllers.find((controller) => controller.id === id);
  }

  /**
   * Changes the state, and saves it. If no admin is left, nobody could manage the accessory: the other pairings go, too.
   *
   * @param change - Called when all earlier changes are saved. Returns undefined to change nothing.
   * @returns Undefined if nothing was changed.
   * @throws The storage's error. Nothing has changed then.
   */
  async update(change: (state: PairingState) => PairingState | undefined): Promise<Change | undefined> {
    const saved = this.#lastChange.then(async () => {
      const before = this.#state;
      const changed = change(before);
      if (changed === undefined) {
        return undefined;
      }
      const after = changed.controllers.some(({ isAdmin }) => isAdmin)
        ? changed
        : { ...changed, controllers: [] };
      await this.#storage.save(after);
      this.#state = after;
      this.onChange({ before, after });
      return { before, after };
    });
    this.#lastChange = saved.catch(() => undefined);
    return saved;
  }
}
