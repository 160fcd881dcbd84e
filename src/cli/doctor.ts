/** `hapwire doctor`: says which engine runs on this machine and why, tests and measures it, and advises. */

import { parseArgs } from "node:util";

import type { EngineName } from "../index";
import { version } from "../version";
import { adviceOn } from "./doctor/advice";
import { readBridges } from "./doctor/bridges";
import { readChosenEngine, readEngines } from "./doctor/engines";
import { readEnvironment, readInterfaces, readMachine } from "./doctor/machine";
import { formatReport } from "./doctor/print";
import { REPORT_FORMAT, type Report, type Speed } from "./doctor/report";
import { runSelfTest } from "./doctor/self-test";
import { measureSpeed } from "./doctor/speed";
import { paletteOf, print, printError } from "./terminal";
import { UsageError } from "./usage-error";

const HELP = `Usage: hapwire doctor [OPTIONS]

Says which engine runs on this machine and why, tests it, measures it for half a second, and advises.
Ends with exit code 1 if something is wrong.

  --storage FOLDER  say why HomeKit shows "No Response": ask the bridges of the Homebridge with this storage folder
  --json            print the report as JSON, for bug reports: no secrets, and no addresses without --verbose
  --verbose         show the addresses of the network interfaces too
  --help            show this`;

interface Options {
  readonly storage: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
}

/** @returns The exit code. */
export async function runDoctor(args: readonly string[]): Promise<number> {
  const { storage, json, verbose, help } = parseOptions(args);
  if (help) {
    print(HELP);
    return 0;
  }
  const report = await examine(verbose, storage);
  print(json ? JSON.stringify(report, undefined, 2) : formatReport(report, paletteOf(process.stdout)));
  return report.ok ? 0 : 1;
}

/** @throws {@link UsageError} if the command line is wrong. */
function parseOptions(args: readonly string[]): Options {
  try {
    const {
      storage,
      json = false,
      verbose = false,
      help = false,
    } = parseArgs({
      args: [...args],
      options: {
        storage: { type: "string" },
        json: { type: "boolean" },
        verbose: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
    return { storage, json, verbose, help };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), HELP, { cause });
  }
}

async function examine(withAddresses: boolean, storage: string | undefined): Promise<Report> {
  const machine = readMachine();
  const environment = readEnvironment(process.env);
  const interfaces = readInterfaces(withAddresses);
  const engine = readChosenEngine();
  const engines = readEngines();
  printError("hapwire doctor: testing …");
  const checks = await runSelfTest(engines.filter((state) => !("error" in state)).map(({ name }) => name));
  const isWell = checks.every(({ error }) => error === undefined);
  const speed = isWell && !("error" in engine) ? measure(engine.name) : undefined;
  const advice = adviceOn({ machine, environment, engine, checks, interfaces });
  return {
    format: REPORT_FORMAT,
    hapwire: version,
    machine,
    environment,
    engine,
    engines,
    checks,
    speed,
    interfaces,
    bridges: storage === undefined ? undefined : await readBridges(storage),
    advice,
    ok: advice.every(({ kind }) => kind !== "problem"),
  };
}

function measure(engine: EngineName): Speed {
  printError("hapwire doctor: measuring, half a second …");
  return measureSpeed(engine);
}
