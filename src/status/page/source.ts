/** Gets the reports of the page from its own server. The settings dialog of the Homebridge plugin has another source. */

import type { StatusReport } from "../report.js";

const TIMEOUT = 5000;

/** @throws Error if the server does not answer. */
export async function askForReport(): Promise<StatusReport> {
  const response = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) {
    throw new Error(`status ${String(response.status)}`);
  }
  return (await response.json()) as StatusReport;
}
