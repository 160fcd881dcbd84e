/**
 * The preload, `node --require hapwire/register`: every known HAP-NodeJS that this process and its child processes load
 * is on hapwire. What fails here is said in one line, and the process goes on as if there were no preload.
 */

import { createRequire } from "node:module";

import { handleParts } from "./parts";
import type * as Preload from "./preload";

const load = createRequire(__filename);

/** What does the work, loaded when it is needed: most processes under a preload have no HAP-NodeJS. */
function preload(): typeof Preload {
  return load("./preload") as typeof Preload;
}

/** To stderr: what the process writes to stdout may be read by another. */
function say(line: string): void {
  console.error(line);
}

function causeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

function start(): void {
  handleParts({
    transport: (module, of) => {
      say(preload().transport(module, of));
    },
    crypto: (module, of) => {
      preload().crypto(module, of);
    },
    signing: (tweetnacl, of) => preload().signing(tweetnacl, of),
    unknown: (reason) => {
      say(`hapwire is not active: ${reason}`);
    },
    failed: (error, of) => {
      say(`hapwire is not active in ${of.name} ${of.version}: ${causeOf(error)}`);
    },
  });
}

if (process.env["HAPWIRE"] !== "off") {
  try {
    start();
  } catch (error) {
    say(`hapwire is not active: ${causeOf(error)}`);
  }
}
