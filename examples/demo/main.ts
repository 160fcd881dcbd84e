/** The command line of `npm start`: the demo, or with `--serve` a bridge for an iPhone. */

import { inspect, parseArgs } from "node:util";

import { MAX_BRIDGED_ACCESSORIES } from "./accessories";
import { DEFAULT_STORAGE, serve } from "./serve";
import { tellStory } from "./story";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const DEFAULT_ACCESSORIES = "20";
const MAX_PORT = 65_535;

const HELP = `Usage: npm start [-- OPTIONS]

Without options: runs a HomeKit bridge of ${String(MAX_BRIDGED_ACCESSORIES)} accessories on hapwire, with three controllers that pair with
it, read, write and get events. All runs on this machine, without mDNS, and leaves nothing behind. Ends with
"hapwire demo: ok" and exit code 0; or says what failed, and the exit code is 1.

  --serve          serve the bridge on the home network instead, for an iPhone to pair
                   with: shows the setup code and its QR code, changes values every few
                   seconds, and runs until Ctrl-C
  --accessories N  how many accessories to serve, 1 to ${String(MAX_BRIDGED_ACCESSORIES)} (default ${DEFAULT_ACCESSORIES})
  --port P         the port to serve on (default: the system chooses)
  --storage DIR    the folder that keeps the bridge's identity and pairings
                   (default ${DEFAULT_STORAGE})
  --help           show this

HAPWIRE_ENGINE=native or portable in the environment chooses the engine.`;

/** The command line is wrong. */
class UsageError extends Error {}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(args: readonly string[]): Promise<void> {
  const { help, serve: isServing, ...settings } = parse(args);
  if (help === true) {
    print(HELP);
  } else if (isServing === true) {
    const { accessories = DEFAULT_ACCESSORIES, port = "0", storage = DEFAULT_STORAGE } = settings;
    await serve(print, {
      accessories: integer("accessories", accessories, 1, MAX_BRIDGED_ACCESSORIES),
      port: integer("port", port, 0, MAX_PORT),
      storage,
    });
  } else {
    const [option] = Object.keys(settings);
    if (option !== undefined) {
      throw new UsageError(`--${option} needs --serve`);
    }
    print("hapwire demo: a HomeKit bridge on hapwire and its controllers, all on this machine\n");
    await tellStory(print);
    print("hapwire demo: ok");
  }
}

interface Values {
  help?: boolean;
  serve?: boolean;
  accessories?: string;
  port?: string;
  storage?: string;
}

function parse(args: readonly string[]): Values {
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
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(
      `--${name} must be a whole number from ${String(min)} to ${String(max)}, not "${text}"`,
    );
  }
  return value;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\nTry: npm start -- --help\n`);
    process.exit(EXIT_USAGE);
  }
  // A refusal of the system, such as a port in use, needs no stack.
  const text = error instanceof Error && "syscall" in error ? error.message : inspect(error);
  process.stderr.write(`hapwire demo: FAILED\n${text}\n`);
  process.exit(EXIT_FAILURE);
});
