/** The command line of the soak. */

import { parseArgs } from "node:util";

import type { EngineName } from "hapwire";

export interface SoakOptions {
  readonly minutes: number;
  readonly connections: number;
  readonly engine: EngineName | undefined;
  readonly seed: number;
}

export const HELP = `Usage: node --expose-gc dist-test/test/soak/main.js [OPTIONS]

Runs a server in this process and controllers in another one, for a while. At the end it measures what the server has left
behind: memory, file descriptors, timers. The controllers come and go, ask for large things, stop reading, reset,
remove pairings; strangers send garbage. Every 10 seconds a line, in the end a verdict.

  --minutes N       how long, 2 by default; under 5 minutes only gross growth of memory is judged
  --connections N   how many controllers at a time, 200 by default
  --engine E        native or portable; by default the one that hapwire chooses
  --seed N          the seed of the controllers' choices; 1 by default
  --help            this text

The last line is "hapwire soak: ok", and the exit code 0. After a failure it names the failure, and the exit code is 1.
`;

/** @returns Undefined for `--help`. @throws Error that names the wrong option. */
export function parseOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "2" },
      connections: { type: "string", default: "200" },
      engine: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return undefined;
  }
  return {
    minutes: positive(values.minutes, "--minutes"),
    connections: Math.ceil(positive(values.connections, "--connections")),
    engine: engineOf(values.engine),
    seed: Math.floor(positive(values.seed, "--seed")),
  };
}

function positive(text: string | undefined, name: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e9)) {
    throw new Error(`${name} must be a number above 0; it is ${String(text)}`);
  }
  return value;
}

function engineOf(name: string | undefined): EngineName | undefined {
  if (name === undefined || name === "native" || name === "portable") {
    return name;
  }
  throw new Error(`--engine must be native or portable; it is ${name}`);
}
