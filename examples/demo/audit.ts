/** The demo's books: what every connection was owed, what came, and whether all that counted agree. */

import { engineInfo } from "hapwire";
import type { Change } from "./bridge";
import type { BridgeSide } from "./bridge-side";
import type { ControllerConnection } from "./controller";
import { formatNumber, formatTable, type Report } from "./report";
import { compareSequences, type EventValue } from "./sequences";
import type { Tap } from "./tap";

/** A controller's connection, and which of the bridge's changes it is owed. */
export interface Member {
  connection: ControllerConnection;
  /** How many changes there were when it subscribed. */
  from: number;
  /** How many there were when it was closed; undefined while it is open. */
  to: number | undefined;
}

const HEADING = [
  ...["connection", "requests", "events sent", "received", "lost", "out of order"],
  ...["frames in", "frames out", "bytes in", "bytes out", "engine", "end"],
];

/** Keeps the books of all connections. */
export class Audit {
  constructor(
    private readonly report: Report,
    private readonly members: readonly Member[],
    private readonly changes: readonly Change[],
    private readonly bridgeSide: BridgeSide,
  ) {}

  /** The events that a connection is owed, oldest first: all changes but those that it made itself. */
  dueTo({ connection, from, to }: Member): EventValue[] {
    const port = connection.tap.bridgeSidePort;
    return this.changes.slice(from, to).filter(({ originatorPort }) => originatorPort !== port);
  }

  /** Notes whatever does not agree. */
  compareCounts(): void {
    for (const member of this.members) {
      this.#compareEvents(member);
      this.#compareTraffic(member.connection);
    }
  }

  /** Notes what the bridge did on a line that it must not do. */
  reportFaults(): void {
    for (const { connection } of this.members) {
      for (const fault of connection.tap.faults) {
        this.report.expect(false, `${connection.name}: ${fault}`);
      }
    }
  }

  /** Prints a row for each connection. */
  printTable(): void {
    if (this.members.length === 0) {
      return;
    }
    this.report.print("");
    const rows = this.members.map(this.#tableRow.bind(this));
    for (const line of formatTable(HEADING, rows)) {
      this.report.print(line);
    }
  }

  #tableRow(member: Member): (string | number)[] {
    const { name, requests, received, tap } = member.connection;
    const { lost, outOfOrder } = compareSequences(this.dueTo(member), received);
    const { framesIn, framesOut, bytesIn, bytesOut, events } = tap.counts;
    const traffic = [framesIn, framesOut, bytesIn, bytesOut];
    return [
      name,
      requests,
      events,
      received.length,
      lost,
      outOfOrder,
      ...traffic,
      engineInfo().name,
      endOf(tap),
    ];
  }

  /** Holds what the controller received against what it was owed. */
  #compareEvents(member: Member): void {
    const { name, received, tap } = member.connection;
    const { lost, unexpected, outOfOrder } = compareSequences(this.dueTo(member), received);
    this.report.expect(lost === 0, `${name}: ${String(lost)} events are lost`);
    this.report.expect(unexpected === 0, `${name}: ${String(unexpected)} events came that were not due`);
    this.report.expect(outOfOrder === 0, `${name}: ${String(outOfOrder)} events are out of order`);
    this.#expectEqual(`${name}: events on the line and events received`, tap.counts.events, received.length);
  }

  /** Holds what the tap saw against what the bridge's transport says of itself. */
  #compareTraffic({ name, requests, tap }: ControllerConnection): void {
    const stats = this.bridgeSide.statsOf(tap.bridgeSidePort);
    if (stats === undefined) {
      this.report.expect(false, `${name}: the bridge does not know the connection`);
      return;
    }
    const { bytesIn, bytesOut, framesIn, framesOut, events, eventMessages } = tap.counts;
    this.#expectEqual(`${name}: requests`, requests, stats.requests);
    this.#expectEqual(`${name}: bytes in`, bytesIn, stats.bytesIn);
    this.#expectEqual(`${name}: bytes out`, bytesOut, stats.bytesOut);
    this.#expectEqual(`${name}: frames in`, framesIn, stats.framesIn);
    this.#expectEqual(`${name}: frames out`, framesOut, stats.framesOut);
    this.#expectEqual(`${name}: events`, events, stats.eventsDelivered);
    this.#expectEqual(`${name}: event messages`, eventMessages, stats.eventMessages);
  }

  #expectEqual(what: string, seen: number, said: number): void {
    this.report.expect(
      seen === said,
      `${what}: ${formatNumber(seen)} and ${formatNumber(said)} are not equal`,
    );
  }
}

function endOf(tap: Tap): string {
  if (tap.faults.length > 0) {
    return "cut, at a fault";
  }
  return tap.isClosed ? "closed by the bridge" : "open";
}
