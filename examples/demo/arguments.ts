/** The demo's command line. */

import { parseArgs } from "node:util";

import { MAX_BRIDGED_ACCESSORIES } from "./accessories";
import { DEFAULT_STORAGE, type ServeOptions } from "./serve";

/** What to do. */
export type Command = { name: "demo" } | { name: "help" } | { name: "serve"; options: ServeOptions };

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `--help` prints. */
export const HELP = `Usage: npm start [-- OPTIONS]

Without options: runs a HomeKit bridge of 150 accessories on hapwire together with
its controllers, on this machine alone (no mDNS, nothing stays), and checks that every
response and every event arrives. Ends with "hapwire demo: ok" and exit code 0 where
all of it holds; otherwise it says what failed, and the exit code is 1.

  --serve          serve the bridge on the home network instead, for an iPhone to pair
                   with: shows the setup code and its QR code, changes values every few
                   seconds, and runs until Ctrl-C
  --accessories N  how many accessories to serve, 1 to ${String(MAX_BRIDGED_ACCESSORIES)} (default 20)
  --port P         the port to serve on (default: the system chooses)
  --storage DIR    the folder that keeps the bridge's identity and pairings
                   (default ${DEFAULT_STORAGE})
  --help           show this

HAPWIRE_ENGINE=native or portable in the environment chooses the engine.`;

const DEFAULT_ACCESSORIES = 20;
const MAX_PORT = 65_535;

/** @throws {@link UsageError} */
export function parseCommand(args: readonly string[]): Command {
  const values = parseOptions(args);
  if (values.help === true) {
    return { name: "help" };
  }
  if (values.serve !== true) {
    const [option] = Object.keys(values);
    if (option !== undefined) {
      throw new UsageError(`--${option} goes with --serve only`);
    }
    return { name: "demo" };
  }
  const { accessories, port, storage = DEFAULT_STORAGE } = values;
  return {
    name: "serve",
    options: {
      accessories: integer("accessories", accessories, DEFAULT_ACCESSORIES, 1, MAX_BRIDGED_ACCESSORIES),
      port: integer("port", port, 0, 0, MAX_PORT),
      storage,
    },
  };
}

interface OptionValues {
  help?: boolean | undefined;
  serve?: boolean | undefined;
  accessories?: string | undefined;
  port?: string | undefined;
  storage?: string | undefined;
}

function parseOptions(args: readonly string[]): OptionValues {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h" },
        serve: { type: "boolean" },
        accessories: { type: "string" },
        port: { type: "string" },
        storage: { type: "string" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function integer(
  name: string,
  text: string | undefined,
  byDefault: number,
  min: number,
  max: number,
): number {
  const value = text === undefined ? byDefault : Number(text);
  if (text === "" || !Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(
      `--${name} must be a whole number from ${String(min)} to ${String(max)}, not "${text ?? ""}"`,
    );
  }
  return value;
}
