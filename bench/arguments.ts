/** The command line of the benchmarks. */

import { parseArgs } from "node:util";

import { CONTENDER_NAMES } from "./contenders";
import type { RunSettings } from "./harness/settings";
import { SCENARIOS } from "./scenarios";

/** A run that was asked for. */
export interface RunRequest extends RunSettings {
  /** Names of scenarios, in the order of reports. */
  readonly scenarios: readonly string[];
  /** Names of contenders, in the order of reports. */
  readonly contenders: readonly string[];
  /** Where the result goes as JSON. */
  readonly json?: string;
  /** Where the report goes. */
  readonly html?: string;
}

/** What to do. */
export type Command = { name: "run"; request: RunRequest } | { name: "list" } | { name: "help" };

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const DEFAULT_ROUNDS = 7;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 1000;
const DEFAULT_ACCESSORIES = 150;
const MAX_ACCESSORIES = 1000;
const MAX_CONNECTIONS = 2000;

/** What `--help` prints. */
export const HELP = `Usage: npm run bench [-- OPTIONS], or: npx hapwire bench [OPTIONS]

Measures hapwire beside HAP-NodeJS, sodium-native and the limit that no server could beat,
by turns, and checks that each delivers the same bytes. What is not installed is left out;
nothing is installed. All traffic stays on this machine.

  --scenario A,B     only these (--list names them)
  --contenders A,B   only these: ${CONTENDER_NAMES.join(", ")}
  --rounds N         how many figures each contender gets (default ${String(DEFAULT_ROUNDS)})
  --quick            a look in less than a minute: fewer cases, short samples, ${String(QUICK_ROUNDS)} rounds
  --connections N    in place of the scenarios' own numbers of connections
  --accessories N    of the bridge that is served (default ${String(DEFAULT_ACCESSORIES)})
  --json FILE        write the result, every round of it
  --html FILE        write a report
  --list             name the scenarios
  --help             show this

Exit code: 0 where all was measured, 1 where a contender failed, 2 for a wrong command line.`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  list: { type: "boolean" },
  quick: { type: "boolean" },
  scenario: { type: "string" },
  contenders: { type: "string" },
  rounds: { type: "string" },
  connections: { type: "string" },
  accessories: { type: "string" },
  json: { type: "string" },
  html: { type: "string" },
} as const;

/** @throws {@link UsageError} */
export function parseCommand(args: readonly string[]): Command {
  const values = parseOptions(args);
  if (values.help === true) {
    return { name: "help" };
  }
  if (values.list === true) {
    return { name: "list" };
  }
  const { quick = false, connections, json, html } = values;
  const request: RunRequest = {
    scenarios: names(
      "scenario",
      values.scenario,
      SCENARIOS.map(({ name }) => name),
    ),
    contenders: names("contenders", values.contenders, CONTENDER_NAMES),
    rounds: integer("rounds", values.rounds, quick ? QUICK_ROUNDS : DEFAULT_ROUNDS, MAX_ROUNDS),
    quick,
    ...(connections !== undefined && {
      connections: integer("connections", connections, 1, MAX_CONNECTIONS),
    }),
    accessories: integer("accessories", values.accessories, DEFAULT_ACCESSORIES, MAX_ACCESSORIES),
    ...(json !== undefined && { json }),
    ...(html !== undefined && { html }),
  };
  return { name: "run", request };
}

/** The command that repeats a run, without the files that it writes. */
export function commandOf(request: RunRequest, program: string): string {
  const { scenarios, contenders, rounds, quick, connections, accessories } = request;
  const options: [option: string, given: boolean][] = [
    [`--scenario ${scenarios.join(",")}`, scenarios.length < SCENARIOS.length],
    [`--contenders ${contenders.join(",")}`, contenders.length < CONTENDER_NAMES.length],
    [`--rounds ${String(rounds)}`, rounds !== (quick ? QUICK_ROUNDS : DEFAULT_ROUNDS)],
    ["--quick", quick],
    [`--connections ${String(connections)}`, connections !== undefined],
    [`--accessories ${String(accessories)}`, accessories !== DEFAULT_ACCESSORIES],
  ];
  const given = options.filter(([, isGiven]) => isGiven).map(([option]) => option);
  const separator = given.length > 0 && program.startsWith("npm ") ? ["--"] : [];
  return [program, ...separator, ...given].join(" ");
}

function parseOptions(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** @returns Those of `all` that are in a list with commas; all where there is none. */
function names(option: string, text: string | undefined, all: readonly string[]): string[] {
  if (text === undefined) {
    return [...all];
  }
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--${option}: there is no "${unknown}"; there are ${all.join(", ")}`);
  }
  return all.filter((name) => wanted.includes(name));
}

/** A whole number from 1 on. */
function integer(name: string, text: string | undefined, byDefault: number, max: number): number {
  const value = text === undefined ? byDefault : Number(text);
  if (text === "" || !Number.isInteger(value) || value < 1 || value > max) {
    throw new UsageError(`--${name} must be a whole number from 1 to ${String(max)}, not "${text ?? ""}"`);
  }
  return value;
}
