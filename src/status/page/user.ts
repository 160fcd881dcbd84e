/** How the page names a user of HomeKit. */

import type { User } from "../report.js";

/** E.g. `user 1 (admin)`. */
export function userText(user: User | null): string {
  if (user === null) {
    return "not verified";
  }
  const name = user.number === null ? "user" : `user ${String(user.number)}`;
  return user.isAdmin === true ? `${name} (admin)` : name;
}

/** The tooltip. */
export function userTip(user: User | null): string {
  return user === null
    ? "This device has not proved that it is paired."
    : `The pairing of this user begins with ${user.id} All devices of a person share it.`;
}
