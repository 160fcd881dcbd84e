/** The status page that `HAPWIRE_STATUS` asks for. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { serverListening, type ServerMessage } from "../diagnostics";
import { parseStatusAddress } from "./address";
import { logToStderr, startStatusPage, type StatusPage } from "./status-page";

/**
 * Serves the page that `HAPWIRE_STATUS` asks for, from the time when the first server of this process listens. Other Node
 * processes that inherit the variable serve no page. It reports on all servers from the first one on. Failures are logged in
 * one line.
 *
 * @param log - Takes one line for people. Default: standard error.
 * @returns A function that ends it.
 */
export function serveStatusFromEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  log: (line: string) => void = logToStderr,
): () => Promise<void> {
  const value = environment["HAPWIRE_STATUS"] ?? "";
  let page: StatusPage | undefined;
  const onListening = (message: unknown): void => {
    unsubscribe(serverListening.name, onListening);
    page = start(value, log);
    page?.watch((message as ServerMessage).server);
  };
  if (value !== "" && value !== "off") {
    subscribe(serverListening.name, onListening);
  }
  return async () => {
    unsubscribe(serverListening.name, onListening);
    await page?.close();
  };
}

function start(value: string, log: (line: string) => void): StatusPage | undefined {
  try {
    return startStatusPage({ ...parseStatusAddress(value), log });
  } catch (error) {
    log(`no status page: ${(error as Error).message}`);
    return undefined;
  }
}
