/** A report for people: sections of aligned lines. */

import type { Palette } from "../terminal";
import { formatBridges } from "./print-bridges";
import type { Advice, Check, EngineState, Environment, Interface, Machine, Report, Speed } from "./report";

/** A name and its text; a list is printed in several lines. */
type Row = readonly [name: string, text: string | readonly string[]];

/** Width of the column of names: a network interface's has 15 characters at most. */
const NAME_WIDTH = 15;

export function formatReport(report: Report, palette: Palette): string {
  const { machine, environment, engines, checks, speed, interfaces, bridges, advice } = report;
  const sections = [
    section("Machine", machineRows(report.hapwire, machine), palette),
    section("Engine", [...engineRows(report.engine), ...engines.map(engineStateRow)], palette),
    section("Self-test", checkRows(checks, palette), palette),
    section("Speed", speedRows(speed), palette),
    section("Network", interfaceRows(interfaces), palette),
    section("Environment", environmentRows(environment), palette),
    ...(bridges === undefined ? [] : [formatBridges(bridges, palette)]),
    adviceSection(advice, palette),
  ];
  return sections.join("\n\n");
}

function section(title: string, rows: readonly Row[], { heading }: Palette): string {
  return [heading(title), ...rows.flatMap(rowLines)].join("\n");
}

function rowLines([name, text]: Row): string[] {
  const lines = typeof text === "string" ? [text] : text;
  return lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(NAME_WIDTH)} ${line}`);
}

function machineRows(hapwire: string, machine: Machine): Row[] {
  const { runtime, version, node, platform, arch, armVersion, libc, kernel, cpu, cores } = machine;
  return [
    ["hapwire", hapwire],
    [runtime, runtime === "Node" ? version : `${version} (as Node ${node})`],
    ["platform", `${platform}-${arch}${armVersion === undefined ? "" : ` (ARMv${String(armVersion)})`}`],
    ["libc", libc ?? "not known"],
    ["kernel", kernel],
    ["processor", `${cpu || "not known"}, cores: ${String(cores)}`],
  ];
}

function engineRows(engine: Report["engine"]): Row[] {
  if ("error" in engine) {
    return [["in use", ["none", engine.error]]];
  }
  const { name, reason, aead, origin, file, rejected } = engine;
  return [
    ["in use", `${name}: ${reason}`],
    ["cipher", aead],
    ["addon", file === undefined ? "none" : `${origin ?? ""}: ${file}`],
    ...rejected.map((addon): Row => ["not used", [addon.file, addon.reason]]),
  ];
}

function engineStateRow(state: EngineState): Row {
  return [state.name, "error" in state ? state.error : `loads, with ${state.aead}`];
}

function checkRows(checks: readonly Check[], { good, bad }: Palette): Row[] {
  if (checks.length === 0) {
    return [["none", "no engine loads"]];
  }
  return checks.map(({ title, engine, error }): Row => {
    const result =
      error === undefined ? `${good("ok")}      ${title}` : [`${bad("FAILED")}  ${title}`, error];
    return [engine, result];
  });
}

function speedRows(speed: Speed | undefined): Row[] {
  if (speed === undefined) {
    return [["none", "nothing that works to measure"]];
  }
  const { engine, sealSmall, openSmall, sealLarge, openLarge } = speed;
  const row = (name: string, small: number, large: number): Row => [
    name,
    `${small.toFixed(2).padStart(7)} µs for 150 bytes ${large.toFixed(0).padStart(7)} MB/s for 64 KiB`,
  ];
  return [["engine", engine], row("seal", sealSmall, sealLarge), row("open", openSmall, openLarge)];
}

function interfaceRows(interfaces: readonly Interface[]): Row[] {
  return interfaces.length === 0 ? [["none", "the system shows none"]] : interfaces.map(interfaceRow);
}

function interfaceRow({ name, families, isLoopback, addresses }: Interface): Row {
  const kind = `${families.join(", ")}${isLoopback ? " (loopback)" : ""}`;
  return [name, [kind, ...(addresses ?? [])]];
}

function environmentRows({ switch: state, engine, preload, debug }: Environment): Row[] {
  return [
    ["HAPWIRE", state ?? "not set"],
    ["HAPWIRE_ENGINE", engine ?? "not set"],
    ["NODE_OPTIONS", preload ? "preloads hapwire/register" : "does not preload hapwire/register"],
    ["DEBUG", debug ? "traces hapwire" : "does not trace hapwire"],
  ];
}

function adviceSection(advice: readonly Advice[], { heading, good, doubtful, bad }: Palette): string {
  if (advice.length === 0) {
    return good("All is well.");
  }
  const lines = advice.map(({ kind, text }) =>
    kind === "problem" ? `  ${bad("problem")}  ${text}` : `  ${doubtful("hint")}     ${text}`,
  );
  return [heading("Advice"), ...lines].join("\n");
}
