/** Numbers the users of HomeKit, so that reports can name them. All devices of a person share one pairing identifier. */

import type { HAPConnection } from "../connection";
import type { User } from "./report";
import { namesOf } from "./trouble/characteristics";

/** Far more pairings than a bridge keeps. Further users have no number. */
const MAX_USERS = 1000;
/** Characters of a pairing identifier that are shown: at most four, and at most a quarter of them. */
const SHOWN_CHARACTERS = 4;
const SHOWN_PART = 1 / 4;

/** The user and the address of a controller. */
export interface Who {
  /** Null before pair-verify. */
  readonly user: User | null;
  /** The address. */
  readonly from: string;
}

/** The numbers of users, from 1 up. A user keeps a number as long as this object lives. */
export class UserNumbers {
  readonly #numbers = new Map<string, number>();

  /** @returns Null if there are too many users. */
  numberOf(id: string): number | null {
    const known = this.#numbers.get(id);
    if (known !== undefined || this.#numbers.size === MAX_USERS) {
      return known ?? null;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(id, number);
    return number;
  }

  whoIs({ server, username, remoteAddress }: HAPConnection): Who {
    if (username === undefined) {
      return { user: null, from: remoteAddress };
    }
    const isAdmin = namesOf(server)?.isAdmin?.(username) ?? null;
    return {
      user: { number: this.numberOf(username), isAdmin, id: shortened(username) },
      from: remoteAddress,
    };
  }
}

/** Enough to tell users apart, too little to identify one. */
function shortened(username: string): string {
  const length = Math.min(SHOWN_CHARACTERS, Math.ceil(username.length * SHOWN_PART));
  return `${username.slice(0, length)}…`;
}
