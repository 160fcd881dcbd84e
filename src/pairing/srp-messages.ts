/** The messages between the event loop and the thread of SRP, in this order. */

/** To the thread. */
export interface SrpStart {
  readonly setupCode: string;
}

/** From the thread: for M2. */
export interface SrpOffer {
  readonly salt: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** To the thread: from M3. */
export interface SrpClaim {
  readonly publicKey: Uint8Array;
  readonly proof: Uint8Array;
}

/** From the thread: for M4. Undefined if the controller does not know the setup code. */
export type SrpResult = { readonly proof: Uint8Array; readonly key: Uint8Array } | undefined;
