/** Storage of the state of an accessory: an interface, and its implementation in memory. */

import type { PairingState } from "./state";

/** Keeps the state of one accessory. Calls of `save` do not overlap. */
export interface PairingStorage {
  /** Returns the last saved state, or undefined if no state was saved. hapwire checks the state. */
  load(): Promise<unknown>;
  /**
   * Keeps the state. When the promise resolves, the state must survive a loss of power: the controller is told next that it
   * is paired. If it rejects, the change is not made, and the controller gets an error.
   */
  save(state: PairingState): Promise<void>;
}

/**
 * Forgets everything when the process ends. For tests.
 *
 * @example
 * ```js
 * const pairing = await AccessoryPairing.open({ storage: new MemoryStorage() });
 * console.log(pairing.setupCode);
 * ```
 */
export class MemoryStorage implements PairingStorage {
  #state: PairingState | undefined;

  /** Returns the last saved state. */
  load(): Promise<PairingState | undefined> {
    return Promise.resolve(this.#state);
  }

  /** Keeps the state in memory. */
  save(state: PairingState): Promise<void> {
    this.#state = state;
    return Promise.resolve();
  }
}
