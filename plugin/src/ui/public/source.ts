/** Gets the reports of the page in the settings dialog from the dialog's server. Replaces the page's own source.ts. */

import type { StatusReport } from "hapwire/status";

import type { DialogAnswer } from "../answer.js";
import { showAnswer } from "./notice.js";

/** The UI says once that the dialog's server answers. */
const ready = new Promise((resolve) => {
  homebridge.addEventListener("ready", resolve, { once: true });
});

/** @throws Error if no bridge has answered. */
export async function askForReport(): Promise<StatusReport> {
  await ready;
  const answer = (await homebridge.request("/report")) as DialogAnswer;
  showAnswer(answer);
  if (answer.report === null) {
    throw new Error("no bridge has answered");
  }
  return answer.report;
}
