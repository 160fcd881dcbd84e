/**
 * The server of the settings dialog: the Homebridge UI forks it while the dialog is open, and hands on the page's requests.
 *
 * It speaks the UI's messages itself. `@homebridge/plugin-ui-utils` would do it too, as a second dependency of every
 * installation; test/plugin/dialog-server.test.ts holds both to the same messages.
 */

import { mergeReports, readBridgeReports, UserNumbers } from "hapwire/status";

import type { DialogAnswer } from "./answer";

/** A request of the page, as the UI hands it on. */
interface PageRequest {
  readonly action: "request";
  readonly path: string;
  readonly requestId: string;
}

/** A user keeps a number while the dialog is open. */
const users = new UserNumbers();

function isRequest(message: unknown): message is PageRequest {
  return (message as Partial<PageRequest> | null)?.action === "request";
}

function send(action: string, payload: object): void {
  process.send?.({ action, payload });
}

async function reportOf(storage: string): Promise<DialogAnswer> {
  const reports = await readBridgeReports(storage);
  const { silent, foreign } = reports;
  return { report: mergeReports(reports, users) ?? null, silent, foreign };
}

async function answer({ path, requestId }: PageRequest): Promise<void> {
  const storage = process.env["HOMEBRIDGE_STORAGE_PATH"];
  if (path !== "/report") {
    send("response", { requestId, success: false, data: { message: "Not Found", path } });
  } else if (storage === undefined) {
    const message = "The Homebridge UI does not say where Homebridge keeps its files.";
    send("response", { requestId, success: false, data: { message } });
  } else {
    send("response", { requestId, success: true, data: await reportOf(storage) });
  }
}

process.on("message", (message) => {
  if (isRequest(message)) {
    void answer(message);
  }
});
// The dialog was closed, or the UI has ended.
process.on("disconnect", () => {
  process.exit();
});
send("ready", { server: true });
