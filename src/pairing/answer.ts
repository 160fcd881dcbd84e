/** The answer to a pairing request: items, or an error that the controller reads. */

import { Status, Type, type PairingErrorCode } from "./protocol";

export interface Answer {
  readonly status: number;
  readonly items: readonly (readonly [type: number, value: Uint8Array | number])[];
  /** Called when the response has been ended. */
  readonly afterwards?: () => void;
}

export function success(state: number, ...items: Answer["items"]): Answer {
  return { status: Status.Ok, items: [[Type.State, state], ...items] };
}

export function failure(state: number, error: PairingErrorCode, status: number = Status.Ok): Answer {
  return {
    status,
    items: [
      [Type.State, state],
      [Type.Error, error],
    ],
  };
}
