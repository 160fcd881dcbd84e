/**
 * Measures the cost of the status report: of each request for the records of the last hour, and of each second for the history.
 * `npm run build:test && node dist-test/test/status/request-cost.js`. Compares the quickest rounds with and without a report.
 */

import { EventEmitter, once } from "node:events";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

import { systemClock } from "#src/clock";
import { publishRequest } from "#src/diagnostics";
import { timeAccessories } from "#src/homebridge/accessory-timing";
import { Reporter } from "#src/status/reporter";
import type { EventedHTTPServer, HAPConnection } from "hapwire";

import { ManualClock } from "../support/clock";
import { Controller } from "../support/controller";
import { startSecuredServer } from "../support/secured-server";
import { randomKeys } from "../support/harness";
import { portOf } from "../support/port";

const ROUNDS = 41;
const REQUESTS = 5000;
const SECONDS = 100;
const CHARACTERISTICS = 100;
const ANSWER = {
  characteristics: Array.from({ length: CHARACTERISTICS }, (_, i) => ({ aid: 1 + i, iid: 9, value: i })),
};
const READ = { ids: ANSWER.characteristics };

type Work = (connection: HAPConnection) => void;

/** Does the part of Node's work on a request that a log sees. */
function serve(connection: HAPConnection, between?: () => void): void {
  const request = new IncomingMessage(new Socket());
  request.url = "/characteristics?id=1.9";
  const response = new ServerResponse(request);
  publishRequest(connection, request, response);
  between?.();
  response.emit("finish");
  response.emit("close");
}

/** @returns Nanoseconds for each request. */
function time(work: Work, connection: HAPConnection): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < REQUESTS; i += 1) {
    work(connection);
  }
  return Number(process.hrtime.bigint() - start) / REQUESTS;
}

async function main(): Promise<void> {
  const server = await startSecuredServer(randomKeys());
  const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
  const controller = await Controller.connect(portOf(server));
  const [connection] = await opened;
  const hapServer = new EventEmitter();
  timeAccessories({ name: "Bridge", server, hap: {}, hapServer });
  hapServer.on("get-characteristics", (_connection, _read, callback: (...answer: unknown[]) => void) => {
    callback(undefined, ANSWER);
  });
  const callback = (): void => undefined;
  const works: Record<string, Work> = {
    "a request": (to) => {
      serve(to);
    },
    [`a read of ${String(CHARACTERISTICS)} characteristics`]: (to) => {
      serve(to, () => hapServer.emit("get-characteristics", to, READ, callback));
    },
  };
  for (const [name, work] of Object.entries(works)) {
    let without = Infinity;
    let recorded = Infinity;
    for (let round = 0; round < ROUNDS; round += 1) {
      without = Math.min(without, time(work, connection));
      const reporter = new Reporter(systemClock);
      reporter.watch(server);
      recorded = Math.min(recorded, time(work, connection));
      reporter.close();
    }
    console.log(`${name}: ${(recorded - without).toFixed(0)} ns more while it is recorded`);
  }
  console.log(`the history: ${secondOfHistory(server).toFixed(1)} µs a second`);
  controller.destroy();
  server.destroy();
}

/** @returns The microseconds that 20 looks at the event loop and a sample cost, without the timers of Node. */
function secondOfHistory(server: EventedHTTPServer): number {
  const clock = new ManualClock();
  const reporter = new Reporter(clock);
  reporter.watch(server);
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    clock.advance(SECONDS * 1000);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1000 / SECONDS);
  }
  reporter.close();
  return least;
}

void main();
