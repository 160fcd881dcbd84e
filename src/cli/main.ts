#!/usr/bin/env node
/** The `hapwire` command: passes the rest of the command line to a subcommand. */

import { inspect } from "node:util";

import { version } from "../version";
import { runBench } from "./bench";
import { runDoctor } from "./doctor";
import { print, printError, surviveLostOutput } from "./terminal";
import { UsageError } from "./usage-error";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const HELP = `Usage: hapwire COMMAND [OPTIONS]

  hapwire doctor     say which engine runs on this machine and why, test it, and advise
  hapwire bench      measure hapwire and its peers on this machine
  hapwire --version  print the version
  hapwire --help     show this

"hapwire COMMAND --help" says more about a command.`;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "doctor":
      return runDoctor(rest);
    case "bench":
      return runBench(rest);
    case "--version":
    case "-v":
      print(version);
      return 0;
    case "--help":
    case "-h":
      print(HELP);
      return 0;
    case undefined:
      throw new UsageError("a command is missing");
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
}

/** @returns The exit code. */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    printError(`hapwire: ${error.message}\n\n${error.help ?? HELP}`);
    return EXIT_USAGE;
  }
  printError(`hapwire: ${inspect(error)}`);
  return EXIT_FAILURE;
}

surviveLostOutput(EXIT_FAILURE);
// process.exit() would cut off output to a pipe.
void main(process.argv.slice(2))
  .catch(report)
  .then((exitCode) => {
    // If output was lost, the exit code is set already.
    process.exitCode ??= exitCode;
  });
