/** How the reports name a controller. */

import type { HAPConnection } from "../../connection";

/** Characters of a pairing identifier that are shown: at most four, and at most a quarter of them. */
const SHOWN_CHARACTERS = 4;
const SHOWN_PART = 1 / 4;

export interface Controller {
  /** The beginning of the pairing identifier. Null before pair-verify. */
  readonly controller: string | null;
  /** The address. */
  readonly from: string;
}

export function controllerOf({ username, remoteAddress }: HAPConnection): Controller {
  return { controller: username === undefined ? null : shortened(username), from: remoteAddress };
}

/** Enough to tell controllers apart, too little to identify one. */
function shortened(username: string): string {
  const length = Math.min(SHOWN_CHARACTERS, Math.ceil(username.length * SHOWN_PART));
  return `${username.slice(0, length)}…`;
}
