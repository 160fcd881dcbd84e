/** The tables of connections, servers and refusals. */

import type { ConnectionReport, ServerReport, StatusReport } from "../report.js";
import { briefDuration, bytes, count, counted, milliseconds, NOTHING } from "./format.js";
import { Table, type Layout } from "./table.js";
import { userText, userTip } from "./user.js";

/** A row with the name and the port of its server. */
type Connection = ConnectionReport & Pick<ServerReport, "name" | "port">;

interface Refusal {
  readonly reason: string;
  readonly refused: number;
  readonly closed: number;
}

const CONNECTIONS: Layout<Connection> = {
  columns: [
    { title: "User", text: ({ user }) => userText(user) },
    { title: "Address", text: ({ remote }) => remote },
    { title: "Bridge", text: bridgeText },
    { title: "Open for", text: ({ age }) => briefDuration(age / 1000) },
    { title: "Idle for", text: ({ idle }) => briefDuration(idle / 1000) },
    { title: "Watches", text: ({ watches }) => count(watches), isNumber: true },
    { title: "Requests", text: ({ requests }) => count(requests), isNumber: true },
    { title: "Queued", text: ({ events }) => count(events.queued), isNumber: true },
    { title: "Coalesced", text: ({ events }) => count(events.coalesced), isNumber: true },
    { title: "Delivered", text: ({ events }) => count(events.delivered), isNumber: true },
    { title: "Backlog", text: ({ events }) => count(events.pending), isNumber: true },
    { title: "In", text: ({ bytesIn }) => bytes(bytesIn), isNumber: true },
    { title: "Out", text: ({ bytesOut }) => bytes(bytesOut), isNumber: true },
  ],
  card: ({ user, remote, watches, requests, events }) => [
    // A long address may be cut off at the right.
    [userText(user), events.pending > 0 ? `${count(events.pending)} wait` : "", remote.replace(/:\d+$/, "")],
    [`watches ${count(watches)}`, counted(requests, "request"), counted(events.delivered, "event")],
  ],
  tip: ({ user }) => userTip(user),
  nothing: "No controller is connected.",
};

const SERVERS: Layout<ServerReport> = {
  columns: [
    { title: "Port", text: ({ port }) => portText(port) },
    { title: "Bridge", text: ({ name }) => name ?? NOTHING },
    { title: "Engine", text: ({ engine }) => engine },
    { title: "Open", text: ({ open }) => count(open), isNumber: true },
    { title: "Accepted", text: ({ accepted }) => count(accepted), isNumber: true },
    { title: "Requests", text: ({ requests }) => count(requests), isNumber: true },
    { title: "p50", text: ({ requestTime }) => milliseconds(requestTime.p50), isNumber: true },
    { title: "p99", text: ({ requestTime }) => milliseconds(requestTime.p99), isNumber: true },
    { title: "Delivered", text: ({ events }) => count(events.delivered), isNumber: true },
    { title: "Messages", text: ({ events }) => count(events.messages), isNumber: true },
    { title: "Backlog", text: ({ events }) => count(events.pending), isNumber: true },
  ],
  card: ({ name, port, engine, open, requests, requestTime }) => [
    [name ?? "", `port ${portText(port)}`, `${engine} engine`],
    [`${count(open)} open`, counted(requests, "request"), `p99 ${milliseconds(requestTime.p99)}`],
  ],
  nothing: "No server listens.",
};

const REFUSALS: Layout<Refusal> = {
  columns: [
    { title: "Reason", text: ({ reason }) => reason },
    { title: "Refused", text: ({ refused }) => count(refused), isNumber: true },
    { title: "Connections closed", text: ({ closed }) => count(closed), isNumber: true },
  ],
  card: ({ reason, refused, closed }) => [
    [reason],
    [`${count(refused)} refused`, `${counted(closed, "connection")} closed`],
  ],
  nothing: "Nothing was refused.",
};

/** The tables of the page, by their ids. */
export class Tables {
  readonly #connections = new Table("connections", CONNECTIONS);
  readonly #servers = new Table("servers", SERVERS);
  readonly #refusals = new Table("refusals", REFUSALS);

  show({ servers }: StatusReport): void {
    const connections = servers.flatMap(({ name, port, connections: rows }) =>
      rows.map((row) => ({ ...row, name, port })),
    );
    this.#connections.show(connections);
    this.#connections.setCaption(omission(connections.length, servers));
    this.#servers.show(servers);
    this.#refusals.show(refusalsOf(servers));
  }
}

function refusalsOf(servers: readonly ServerReport[]): Refusal[] {
  const reasons = new Set(
    servers.flatMap(({ refused, closed }) => [...Object.keys(refused), ...Object.keys(closed)]),
  );
  const total = (of: (server: ServerReport) => number | undefined): number =>
    servers.reduce((sum, server) => sum + (of(server) ?? 0), 0);
  return [...reasons].sort().map((reason) => ({
    reason,
    refused: total(({ refused }) => refused[reason]),
    closed: total(({ closed }) => closed[reason]),
  }));
}

function omission(shown: number, servers: readonly ServerReport[]): string {
  const more = servers.reduce((sum, { open }) => sum + open, 0) - shown;
  return more > 0 ? `and ${count(more)} more` : "";
}

/** The name of a bridge, or the port of its server. */
function bridgeText({ name, port }: Pick<ServerReport, "name" | "port">): string {
  return name ?? (port === null ? NOTHING : `port ${String(port)}`);
}

function portText(port: number | null): string {
  return port === null ? NOTHING : String(port);
}
