/** The command line of the benchmarks. */

import { parseArgs } from "node:util";

import { UsageError } from "#src/cli/usage-error";

import { CONTENDER_NAMES } from "./contenders";
import type { RunSettings } from "./harness/settings";
import { SCENARIOS } from "./scenarios";

/** The scenarios, contenders and sizes of a run. */
export interface RunRequest extends RunSettings {
  /** Names of scenarios, in the order of reports. */
  readonly scenarios: readonly string[];
  /** Names of contenders, in the order of reports. */
  readonly contenders: readonly string[];
}

/** The outputs of a result besides the table in the terminal. */
export interface Outputs {
  /** The file of the HTML report. */
  readonly html?: string;
  /** Whether to print the goals. */
  readonly goals: boolean;
}

export type Command =
  /** Measures. `json` is the file of the result. */
  | { name: "run"; request: RunRequest; json?: string; outputs: Outputs }
  /** Shows the result in the file `from`. */
  | { name: "show"; from: string; outputs: Outputs }
  | { name: "list" }
  | { name: "help" };

const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 1000;
const DEFAULT_ACCESSORIES = 150;
const MAX_ACCESSORIES = 1000;
const MAX_CONNECTIONS = 2000;

/** @param program - The command that runs the benchmarks: `npx hapwire bench`. */
export function helpText(program: string): string {
  return `Usage: ${withOptions(program, ["[OPTIONS]"])}

Measures hapwire, HAP-NodeJS, sodium-native and the limit of the hardware by turns, and checks that
each delivers the same bytes. Contenders that are not installed are left out. Nothing is installed,
and all traffic stays on this machine.

  --scenario A,B     run only these scenarios (--list names them)
  --contenders A,B   run only these contenders: ${CONTENDER_NAMES.join(", ")}
  --rounds N         samples of each figure (default ${String(DEFAULT_ROUNDS)})
  --quick            a first look in a minute: fewer cases, short samples, ${String(QUICK_ROUNDS)} rounds
  --connections N    replaces the numbers of connections of the scenarios
  --accessories N    accessories of the bridge (default ${String(DEFAULT_ACCESSORIES)})
  --json FILE        write the result with every sample
  --html FILE        write a report with charts; it needs no other file and no other package
  --goals            print the goals of the project and whether the result meets them
  --from FILE        show a result that --json wrote, and measure nothing; takes --html and --goals
  --list             list the scenarios
  --help             print this text

Exit code: 0 if every contender delivered, 1 if one failed, 2 if the command line is wrong.`;
}

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
  goals: { type: "boolean" },
  from: { type: "string" },
} as const;

/** Options that make sense with `--from`. */
const SHOW_OPTIONS = ["from", "html", "goals"];

/** @throws {@link UsageError} */
export function parseCommand(args: readonly string[]): Command {
  const values = parseOptions(args);
  if (values.help === true) return { name: "help" };
  if (values.list === true) return { name: "list" };
  const { quick = false, connections, json, html, goals = false, from } = values;
  const outputs: Outputs = { goals, ...(html !== undefined && { html }) };
  if (from !== undefined) {
    const useless = Object.keys(values).find((option) => !SHOW_OPTIONS.includes(option));
    if (useless !== undefined) throw new UsageError(`--from measures nothing, so --${useless} has no use`);
    return { name: "show", from, outputs };
  }
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
  };
  return { name: "run", request, outputs, ...(json !== undefined && { json }) };
}

/** The command that repeats a run, without its output files. */
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
  return withOptions(
    program,
    options.filter(([, given]) => given).map(([option]) => option),
  );
}

/** Adds options to a command; `npm run` needs `--` before them. */
export function withOptions(program: string, options: readonly string[]): string {
  const separator = options.length > 0 && program.startsWith("npm ") ? ["--"] : [];
  return [program, ...separator, ...options].join(" ");
}

function parseOptions(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), undefined, { cause });
  }
}

/** @returns The names of a comma-separated list, in the order of `all`; `all` if there is no list. */
function names(option: string, text: string | undefined, all: readonly string[]): string[] {
  if (text === undefined) return [...all];
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--${option}: there is no "${unknown}"; there are ${all.join(", ")}`);
  }
  return all.filter((name) => wanted.includes(name));
}

/** A whole number from 1 to `max`. */
function integer(name: string, text: string | undefined, byDefault: number, max: number): number {
  const value = text === undefined ? byDefault : Number(text);
  if (text === "" || !Number.isInteger(value) || value < 1 || value > max) {
    throw new UsageError(`--${name} must be a whole number from 1 to ${String(max)}, not "${text ?? ""}"`);
  }
  return value;
}
