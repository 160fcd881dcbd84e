/** The request targets that handlers can parse. */

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Any base will do. */
const BASE = "http://accessory.local";

/**
 * True if `new URL(target, "http://…")` takes the target. HAP-NodeJS makes that URL for every request and does not catch its
 * error: a target such as `//` would end the process.
 */
export function isUrl(target: string): boolean {
  if (target.charCodeAt(0) === SLASH) {
    const second = target.charCodeAt(1);
    // A path, unless a second slash follows: then a host must come. A backslash is a slash, and tabs are skipped.
    if (second !== SLASH && second !== BACKSLASH && !(second <= SPACE)) {
      return true;
    }
  }
  return URL.canParse(target, BASE);
}
