/** Advises on the findings, in plain words. */

import { OLDEST_NODE } from "../../engine/addon-error";
import type { Advice, Check, ChosenEngine, Environment, Failed, Interface, Machine, Report } from "./report";

/** The part of the report that has an effect on the advice. */
export type Findings = Pick<Report, "machine" | "environment" | "engine" | "checks" | "interfaces">;

export function adviceOn({ machine, environment, engine, checks, interfaces }: Findings): Advice[] {
  return [
    ...adviceOnRuntime(machine),
    ...("error" in engine ? adviceOnFailure(engine, environment) : adviceOnEngine(engine, machine)),
    ...(isTooOld(machine) ? [] : adviceOnChecks(checks)),
    ...adviceOnEnvironment(environment),
    ...adviceOnInterfaces(interfaces),
  ];
}

function adviceOnRuntime(machine: Machine): Advice[] {
  const { runtime, version } = machine;
  if (runtime !== "Node") {
    return [hint(`${runtime} runs hapwire on the portable engine; docs/runtimes.md lists the tested parts.`)];
  }
  return isTooOld(machine)
    ? [problem(`Node ${version} is too old: hapwire needs Node ${String(OLDEST_NODE)} or newer.`)]
    : [];
}

function isTooOld({ runtime, node }: Machine): boolean {
  return runtime === "Node" && Number.parseInt(node, 10) < OLDEST_NODE;
}

function adviceOnFailure({ error }: Failed, environment: Environment): Advice[] {
  const advice = [problem(`There is no engine to run on: ${error}`)];
  if (environment.engine !== undefined && environment.engine !== "") {
    advice.push(hint("Without HAPWIRE_ENGINE, hapwire takes the engine that runs here."));
  }
  return advice;
}

function adviceOnEngine(engine: ChosenEngine, machine: Machine): Advice[] {
  const { choice, name, aead } = engine;
  const advice = choice === "fallback" ? adviceOnFallback(engine, machine) : adviceOnRejected(engine);
  if (choice === "forced" && name === "portable") {
    advice.push(hint("HAPWIRE_ENGINE=portable forces the portable engine: unset it to have the native one."));
  }
  // sodium-native has no binary for 32-bit ARM.
  if (name === "portable" && aead.startsWith("node:crypto") && machine.arch !== "arm") {
    advice.push(hint("The portable engine uses sodium-native if it is installed: npm install sodium-native"));
  }
  return advice;
}

function adviceOnFallback({ remedy }: ChosenEngine, machine: Machine): Advice[] {
  return machine.runtime === "Node" && remedy !== undefined && !isTooOld(machine)
    ? [hint(`Everything works on the portable engine, but slower. For the native engine, ${remedy}.`)]
    : [];
}

function adviceOnRejected({ file = "", rejected }: ChosenEngine): Advice[] {
  return rejected.map((addon) =>
    hint(`${addon.file} does not load, and ${file} is used instead. Delete the file that does not load.`),
  );
}

function adviceOnChecks(checks: readonly Check[]): Advice[] {
  return checks.some(({ error }) => error !== undefined)
    ? [
        problem(
          "The self-test failed. Run npm rebuild hapwire and try again; if it still fails, please report it with the " +
            "output of npx hapwire doctor --json.",
        ),
      ]
    : [];
}

function adviceOnEnvironment({ debug }: Environment): Advice[] {
  return debug
    ? [hint("DEBUG turns on hapwire's tracing, which costs time with every request: unset it when done.")]
    : [];
}

function adviceOnInterfaces(interfaces: readonly Interface[]): Advice[] {
  if (interfaces.length === 0) {
    return [
      hint(
        "The system shows no network interface, not even loopback: a sandbox may hide them, such as systemd's " +
          "RestrictAddressFamilies= without AF_NETLINK.",
      ),
    ];
  }
  return interfaces.every(({ isLoopback }) => isLoopback)
    ? [hint("There is no network interface but loopback: no controller can reach an accessory here.")]
    : [];
}

function problem(text: string): Advice {
  return { kind: "problem", text };
}

function hint(text: string): Advice {
  return { kind: "hint", text };
}
