/** HAP's error statuses in words. */

/** Statuses that make a tile show "No Response". The others mostly come from a request that asks for too much. */
const NO_RESPONSE: ReadonlySet<number> = new Set([-70402, -70403, -70407, -70408, -70412]);

const WORDS: Readonly<Record<number, string>> = {
  [-70401]: "the controller may not do this",
  [-70402]: "the plugin could not reach the device",
  [-70403]: "the device was busy",
  [-70404]: "the characteristic cannot be written",
  [-70405]: "the characteristic cannot be read",
  [-70406]: "the characteristic has no events",
  [-70407]: "the device had no resources left",
  [-70408]: "the plugin did not answer in time",
  [-70409]: "the resource does not exist",
  [-70410]: "the request or its value was not valid",
  [-70411]: "the authorization was missing",
  [-70412]: "the device does not allow this in its present state",
};

/** True if HomeKit shows "No Response" for this status. */
export function isNoResponse(status: number): boolean {
  return NO_RESPONSE.has(status);
}

/** E.g. `-70402: the plugin could not reach the device`. */
export function statusText(status: number): string {
  const words = WORDS[status];
  return words === undefined ? `status ${String(status)}` : `${String(status)}: ${words}`;
}
