/** What to do about what was found, in plain words. */

import { HOW_TO_BUILD } from "../../engine/load";
import type { Advice, Check, ChosenEngine, Environment, Failed, Interface, Machine, Report } from "./report";

/** What advice is given on. */
export type Findings = Pick<Report, "machine" | "environment" | "engine" | "checks" | "interfaces">;

const OLDEST_NODE = 20;

/** The first processors of ARMv7 came after the Raspberry Pi 1 and the Pi Zero, which have ARMv6. */
const OLDEST_PREBUILT_ARM = 7;

export function adviceOn({ machine, environment, engine, checks, interfaces }: Findings): Advice[] {
  return [
    ...adviceOnRuntime(machine),
    ...("error" in engine ? adviceOnFailure(engine, environment) : adviceOnEngine(engine, machine)),
    ...adviceOnChecks(checks),
    ...adviceOnEnvironment(environment),
    ...adviceOnInterfaces(interfaces),
  ];
}

function adviceOnRuntime({ runtime, version, node }: Machine): Advice[] {
  if (runtime !== "Node") {
    return [hint(`${runtime} runs hapwire on the portable engine; the README says what is tested there.`)];
  }
  return Number.parseInt(node, 10) < OLDEST_NODE
    ? [problem(`Node ${version} is too old: hapwire needs Node ${String(OLDEST_NODE)} or newer.`)]
    : [];
}

function adviceOnFailure({ error }: Failed, environment: Environment): Advice[] {
  const advice = [problem(`There is no engine to run on: ${error}`)];
  if (environment.engine !== undefined && environment.engine !== "") {
    advice.push(hint("Without HAPWIRE_ENGINE, hapwire takes the engine that runs here."));
  }
  return advice;
}

function adviceOnEngine({ choice, name, aead }: ChosenEngine, machine: Machine): Advice[] {
  const advice: Advice[] = [];
  if (choice === "fallback" && machine.runtime === "Node") {
    advice.push(
      hint(`${whyNoAddon(machine)} All works on the portable engine. For the native one, ${HOW_TO_BUILD}`),
    );
  }
  if (choice === "forced" && name === "portable") {
    advice.push(hint("HAPWIRE_ENGINE=portable forces the portable engine: unset it to have the native one."));
  }
  // sodium-native has no binary for 32-bit ARM.
  if (name === "portable" && aead.startsWith("node:crypto") && machine.arch !== "arm") {
    advice.push(
      hint("The portable engine uses sodium-native where it is installed: npm install sodium-native"),
    );
  }
  return advice;
}

function whyNoAddon({ platform, arch, armVersion, libc }: Machine): string {
  if (platform !== "linux") {
    return `There is no prebuilt addon for ${platform}-${arch}.`;
  }
  if (arch === "arm" && armVersion !== undefined && armVersion < OLDEST_PREBUILT_ARM) {
    return `There is no prebuilt addon for ARMv${String(armVersion)}, the processor of a Raspberry Pi 1 or Zero.`;
  }
  return libc === "musl" ? "There is no prebuilt addon for musl." : "The addon did not load.";
}

function adviceOnChecks(checks: readonly Check[]): Advice[] {
  return checks.some(({ error }) => error !== undefined)
    ? [
        problem(
          "The self-test failed. Run npm rebuild hapwire and try again; if it still fails, please report it with what " +
            "npx hapwire doctor --json prints.",
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
