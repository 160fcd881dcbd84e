/** Decides who may read the status page: this machine without a token, others with the token in the URL. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIPv4 } from "node:net";

const TOKEN_LENGTH = 18;

/** The path of a request that is accepted, from the page's root, or the status of one that is refused. */
export type Verdict = { readonly path: string } | { readonly status: 403 | 404 | 405 };

/** The parts of a request that decide. */
export interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly host?: string | undefined;
}

/** A random token that fits into a URL. */
export function createToken(): string {
  return randomBytes(TOKEN_LENGTH).toString("base64url");
}

/** True if only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d)/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/**
 * @param token - The path must begin with it. Undefined if only this machine can ask: the `Host` field must then name this
 *   machine. A foreign web page whose name was pointed at this machine has its own name there.
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
  // 404, not 403: an address without the token does not show that a page is here.
  return isSame(given, token) && rest.length > 0 ? { path: `/${rest.join("/")}` } : { status: 404 };
}

/** Takes the same time for any two strings. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Ignores the port: it may have been forwarded from another. */
function namesLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || isLoopback(name.replace(/^\[(.*)\]$/, "$1"));
}
