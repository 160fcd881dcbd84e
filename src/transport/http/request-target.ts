/** The request targets that handlers can parse. */

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** As HAP-NodeJS has one. */
const BASE = "http://accessory.local";

/**
 * True if `new URL(target, "http://…")` takes the target. HAP-NodeJS makes that URL for every request, and nothing catches its
 * error: one packet with a target such as `//` would end the process.
 */
export function isUrl(target: string): boolean {
  if (target.charCodeAt(0) === SLASH) {
    const second = target.charCodeAt(1);
    // A path. Behind a second slash there must be a host; a backslash counts as one, and tabs do not count.
    if (second !== SLASH && second !== BACKSLASH && !(second <= SPACE)) {
      return true;
    }
  }
  return URL.canParse(target, BASE);
}
