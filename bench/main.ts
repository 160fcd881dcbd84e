/** `npm run bench`, and `npx hapwire bench` in an installation. */

import { closeSync, openSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";

import { UsageError } from "#src/cli/usage-error";

import { commandOf, helpText, parseCommand, withOptions, type Outputs, type RunRequest } from "./arguments";
import { findCompetitors } from "./contenders";
import { ProgressLine } from "./harness/progress";
import { renderGoals } from "./report/goals";
import { renderHtml } from "./report/html";
import { readResult, UnreadableResultError } from "./report/read-result";
import { renderTable } from "./report/table";
import type { BenchResult } from "./result";
import { run } from "./run";
import { SCENARIOS } from "./scenarios";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** The command that people know this program by. */
const PROGRAM = process.env["npm_lifecycle_event"] === "bench" ? "npm run bench" : "npx hapwire bench";

/**
 * Runs a command line.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    switch (command.name) {
      case "help":
        console.log(helpText(PROGRAM));
        return 0;
      case "list":
        console.log(SCENARIOS.map(({ name, title }) => `${name.padEnd(12)} ${title}`).join("\n"));
        return 0;
      case "show":
        show(readResult(command.from), command.outputs);
        return 0;
      case "run": {
        const { request, json, outputs } = command;
        // Before the run, which takes minutes.
        for (const file of [json, outputs.html]) checkWritable(file);
        const result = await measure(request);
        if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`);
        show(result, outputs);
        return hasFailed(result) ? EXIT_FAILURE : 0;
      }
    }
  } catch (error) {
    return complain(error);
  }
}

/** @returns The exit code. */
function complain(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`hapwire: ${error.message}\nTry: ${withOptions(PROGRAM, ["--help"])}`);
    return EXIT_USAGE;
  }
  const isPlain = error instanceof UnreadableResultError || (error instanceof Error && "syscall" in error);
  console.error(`hapwire: ${isPlain ? error.message : inspect(error)}`);
  return EXIT_FAILURE;
}

async function measure(request: RunRequest): Promise<BenchResult> {
  return run(
    request,
    SCENARIOS.filter(({ name }) => request.scenarios.includes(name)),
    findCompetitors().filter(({ name }) => request.contenders.includes(name)),
    commandOf(request, PROGRAM),
    new ProgressLine(process.stderr, process.stderr.isTTY),
  );
}

function show(result: BenchResult, { html, goals }: Outputs): void {
  console.log(renderTable(result));
  if (html !== undefined) writeFileSync(html, renderHtml(result));
  if (goals) console.log(`\n${renderGoals(result)}`);
}

/** Creates the file if it does not exist. @throws Error with a `syscall` if it cannot be written. */
function checkWritable(file: string | undefined): void {
  if (file !== undefined) closeSync(openSync(file, "a"));
}

/** True if a contender took part and did not deliver. A contender that was left out has not failed. */
function hasFailed({ scenarios }: BenchResult): boolean {
  return scenarios.some(({ cases }) =>
    cases.some(({ metrics, cold = [] }) =>
      [...metrics, ...cold].some(({ figures }) => figures.some(({ failed }) => failed !== undefined)),
    ),
  );
}

if (require.main === module) {
  main(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  }, console.error);
}
