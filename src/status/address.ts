/** Parses the address of the status page in `HAPWIRE_STATUS`. */

import { ArgumentError } from "../errors";

export interface StatusAddress {
  readonly host: string;
  readonly port: number;
}

/** The host if the value names none: only this machine reaches it. */
export const DEFAULT_HOST = "127.0.0.1";
const MAX_PORT = 65_535;

/**
 * @param text - `PORT`, `HOST:PORT` or `[IPV6]:PORT`; port 0 lets the system choose.
 * @throws {@link ArgumentError}
 */
export function parseStatusAddress(text: string): StatusAddress {
  const { bracketed, host, port } =
    /^(?:(?:\[(?<bracketed>[\da-fA-F:.%\w]+)\]|(?<host>[^\s:[\]/]+)):)?(?<port>\d{1,5})$/.exec(text.trim())
      ?.groups ?? {};
  if (port === undefined || Number(port) > MAX_PORT) {
    throw new ArgumentError("HAPWIRE_STATUS", "PORT or HOST:PORT", text);
  }
  return { host: bracketed ?? host ?? DEFAULT_HOST, port: Number(port) };
}
