/** Numbers of the pairing protocol, as HAP gives them: TLV types, states, methods, errors and statuses. */

/** Types of TLV items. */
export const Type = {
  Method: 0x00,
  Identifier: 0x01,
  Salt: 0x02,
  PublicKey: 0x03,
  Proof: 0x04,
  EncryptedData: 0x05,
  State: 0x06,
  Error: 0x07,
  Permissions: 0x0b,
  Signature: 0x0a,
  Flags: 0x13,
  /** Stands between the entries of a list. Has no value. */
  Separator: 0xff,
} as const;

/** The methods of requests of `/pair-setup` and `/pairings`. */
export const Method = {
  PairSetup: 0,
  /** For accessories with Apple's coprocessor. Controllers that don't know better ask for it; others do a plain pair-setup. */
  PairSetupWithAuth: 1,
  AddPairing: 3,
  RemovePairing: 4,
  ListPairings: 5,
} as const;

/** The error of a request, as the controller reads it. */
export const PairingError = {
  /** A request that can't be understood, or that does not fit the state. */
  Unknown: 1,
  /** A wrong setup code, signature or tag; a controller that is not paired, or is no admin. */
  Authentication: 2,
  /** No room for a further pairing. */
  MaxPeers: 4,
  /** Too many wrong setup codes. */
  MaxTries: 5,
  /** The accessory is paired, or does not offer this kind of pair-setup. */
  Unavailable: 6,
  /** Another controller is pairing. */
  Busy: 7,
} as const;

export type PairingErrorCode = (typeof PairingError)[keyof typeof PairingError];

/** Flags of pair-setup that ask for a kind that is not offered: transient (bit 4) and split (bit 24). */
export const UNOFFERED_FLAGS = (1 << 4) | (1 << 24);

/** Statuses of HTTP. */
export const Status = {
  Ok: 200,
  NoContent: 204,
  BadRequest: 400,
  MethodNotAllowed: 405,
  /** HAP's own: the connection has not verified. */
  AuthorizationRequired: 470,
} as const;

/** The username of SRP. */
export const SRP_USERNAME = "Pair-Setup";
