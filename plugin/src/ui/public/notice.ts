/** The advice above the figures, if any: in the words of people who know only the Homebridge UI. */

import type { DialogAnswer } from "../answer.js";

const PLATFORM = "Hapwire";
const OFF = "hapwire is not on yet. Press Save, then restart Homebridge.";
const NOTHING =
  "hapwire carries no bridge now. If you have just saved, restart Homebridge. " +
  "If you have restarted it, look for lines with [hapwire] in the log: they say why.";

const UPDATED = "Bridges still run another version of hapwire. Restart Homebridge to see them here.";

let isConfigured = true;

homebridge.addEventListener("ready", () => void start(), { once: true });

/** If the plugin is not configured yet, Save will do it. */
async function start(): Promise<void> {
  const config = await homebridge.getPluginConfig();
  if (config.length === 0) {
    isConfigured = false;
    await homebridge.updatePluginConfig([{ platform: PLATFORM, name: "hapwire" }]);
    say(OFF);
  }
  homebridge.showSchemaForm();
}

/** Shows the figures if there are any, and the faults. */
export function showAnswer({ report, silent, foreign }: DialogAnswer): void {
  document.body.dataset["figures"] = report === null ? "none" : "live";
  if (silent.length > 0) {
    const ids = silent.map(String).join(", ");
    say(
      `A bridge does not answer: its process (${ids}) is busy or hangs. A restart of that bridge may help.`,
    );
  } else if (foreign.length > 0) {
    say(UPDATED);
  } else if (report === null) {
    say(isConfigured ? NOTHING : OFF);
  } else {
    say("");
  }
}

function say(text: string): void {
  const element = document.getElementById("notice");
  // Screen readers say every change of text, the same one included.
  if (element !== null && element.textContent !== text) {
    element.textContent = text;
  }
}
