/** Where the status page is served, as `HAPWIRE_STATUS` says it. */

import { ArgumentError } from "../errors";

export interface StatusAddress {
  readonly host: string;
  readonly port: number;
}

/** Without a host, nobody but this machine is meant. */
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
