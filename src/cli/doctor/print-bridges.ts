/** The bridges of a Homebridge for people: their transport, and why HomeKit may show "No Response". */

import type { Palette } from "../terminal";
import type { BridgeFigures, BridgeProcess, Bridges } from "./bridges";

/** Slow requests and reasons that are printed for each process. JSON has all. */
const LISTED = 10;

export function formatBridges({ processes, silent, foreign }: Bridges, palette: Palette): string {
  const { heading, bad } = palette;
  const lines = processes.flatMap((process) => processLines(process, palette));
  const unanswered = silent.map(
    (pid) =>
      `  ${bad("process")} ${String(pid)} did not answer within 3 s: it stands still, or it has just begun`,
  );
  const unread = foreign.map(
    (pid) =>
      `  ${bad("process")} ${String(pid)} runs another version of hapwire: restart it, or use the doctor of its version`,
  );
  const all = [...unanswered, ...unread, ...lines];
  if (all.length === 0) {
    return [
      heading("Bridges"),
      "  No process serves a report in this folder. Is it the storage folder of a Homebridge that runs,",
      "  and is the plugin homebridge-hapwire configured there? Only the user of Homebridge may read the reports.",
    ].join("\n");
  }
  return [heading("Bridges"), ...all].join("\n");
}

function processLines(process: BridgeProcess, { heading, good }: Palette): string[] {
  const { pid, hapwire, node, uptime, bridges, why, ended } = process;
  const minutes = String(Math.round(uptime / 60));
  return [
    `  process ${String(pid)}: hapwire ${hapwire}, Node ${node}, up ${minutes} min`,
    ...bridges.map((bridge) => `    ${bridgeText(bridge)}`),
    `  ${heading('Why "No Response", in the last hour')}`,
    ...(why.length === 0
      ? [`    ${good("Nothing kept HomeKit waiting.")}`]
      : why.slice(0, LISTED).map(findingLine)),
    ...omission(why.length),
    ...ended.map(
      ({ time, reason, count }) => `    ${clockText(time)}  connections ended: ${String(count)}, ${reason}`,
    ),
  ];
}

function bridgeText({
  name,
  engine,
  hapVersion,
  connections,
  requests,
  requestTime: { p99 },
}: BridgeFigures): string {
  const figures = `connections: ${String(connections)}, requests: ${String(requests)}`;
  const time = p99 === null ? "" : `, p99 ${p99.toFixed(1)} ms`;
  return `${name}: ${engine ?? "no"} engine, HAP-NodeJS ${hapVersion}, ${figures}${time}`;
}

function findingLine({ time, text, bridge, controller }: BridgeProcess["why"][number]): string {
  const about = [bridge, controller].filter((part) => part !== null).join(", ");
  return `    ${clockText(time)}  ${text}${about === "" ? "" : ` [${about}]`}`;
}

function omission(length: number): string[] {
  return length > LISTED ? [`    and ${String(length - LISTED)} more: see --json`] : [];
}

/** The time of the day here, as in Homebridge's log. */
function clockText(time: number): string {
  return new Date(time).toLocaleTimeString("en-GB");
}
