/** The settings of the plugin, as the Homebridge UI writes them by config.schema.json. */

import type { ServerOptions } from "hapwire";

export interface Settings {
  /** Lines in the log begin with it. */
  readonly name: string;
  /** Options of each bridge's server. The server checks them, and names the option that is wrong. */
  readonly server: ServerOptions;
  /** The port of the status page. Undefined if there shall be none. */
  readonly statusPage: number | undefined;
}

/** @param config - The plugin's block of config.json: whatever people have put there. */
export function settingsOf(config: unknown): Settings {
  const { name, engine, statusPage, limits } = filled(config);
  return {
    name: typeof name === "string" ? name : "hapwire",
    server: {
      ...filled(limits),
      ...(engine === undefined || engine === "automatic" ? {} : { engine }),
    } as ServerOptions,
    statusPage: statusPage === undefined ? undefined : Number(statusPage),
  };
}

/** An object without the fields that were left empty: the UI writes null or an empty text for them. */
function filled(value: unknown): Readonly<Record<string, unknown>> {
  const fields = Object.entries(Object(value) as object);
  return Object.fromEntries(fields.filter(([, field]) => field != null && field !== ""));
}
