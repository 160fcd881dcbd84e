/** Who may read the status page: this machine without a token, everybody else with the one in the address. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIPv4 } from "node:net";

const TOKEN_LENGTH = 18;

/** A request that is let through asks for this path, from the page's root; one that is not gets the status. */
export type Verdict = { readonly path: string } | { readonly status: 403 | 404 | 405 };

/** What a request is judged by. */
export interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly host?: string | undefined;
}

/** A random token that fits into a URL. */
export function createToken(): string {
  return randomBytes(TOKEN_LENGTH).toString("base64url");
}

/** Whether only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d)/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/**
 * @param token - What the path must begin with; undefined where only this machine can ask, and the `Host` field must
 *   name it instead: a page in a browser here, whose name was pointed at this machine, has its own name there.
 */
export function judge({ method, url = "", host = "" }: Asked, token: string | undefined): Verdict {
  if (method !== "GET") {
    return { status: 405 };
  }
  const [path = ""] = url.split("?", 1);
  if (token === undefined) {
    return namesLoopback(host) ? { path } : { status: 403 };
  }
  const [, given = "", ...rest] = path.split("/");
  // Not the same status as for a wrong Host: an address without the token shows nothing of what is here.
  return isSame(given, token) && rest.length > 0 ? { path: `/${rest.join("/")}` } : { status: 404 };
}

/** Takes as long for any two of them. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Whatever the port: it may have been forwarded from another. */
function namesLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || isLoopback(name.replace(/^\[(.*)\]$/, "$1"));
}
