/** The process of the controllers: `node load.js PORT CONNECTIONS SEED`. main.ts starts it. */

import { setTimeout as sleep } from "node:timers/promises";

import { Random } from "../support/random";
import type { FromLoad, Tally, ToLoad } from "./messages";
import { Visitor, type Counters } from "./visitor";
import { Strangers } from "./strangers";

const PROGRESS_INTERVAL = 1000;
/** Milliseconds to wait for the last event. */
const LAST_EVENT_PATIENCE = 10_000;

const [port = 0, connections = 0, seed = 0] = process.argv.slice(2).map(Number);
const counters: Counters = { requests: 0, events: 0, forged: 0, faults: [] };
const strangers = new Strangers(port, new Random(seed, 2));
const visitors = Array.from(
  { length: connections },
  (_, index) => new Visitor(port, index, new Random(seed, 100 + index), counters),
);
const runs = [strangers.run(), ...visitors.map((visitor) => visitor.run())];
const ticker = setInterval(sendProgress, PROGRESS_INTERVAL);

process.on("message", (message: ToLoad) => {
  void (message.say === "settle" ? settle() : report());
});
process.on("disconnect", () => {
  // The server's process has ended.
  process.exit(1);
});

function send(message: FromLoad): void {
  process.send?.(message);
}

function sendProgress(): void {
  const events = visitors.reduce((sum, { client }) => sum + (client?.tally.count ?? 0), counters.events);
  const { requests, forged } = counters;
  send({ say: "progress", requests, events, forged, faults: counters.faults.splice(0) });
}

async function settle(): Promise<void> {
  strangers.stop();
  visitors.forEach((visitor) => {
    visitor.settle();
  });
  await Promise.all(runs);
  send({ say: "settled" });
}

async function report(): Promise<void> {
  const survivors = visitors.filter(({ client }) => client?.socket.destroyed === false);
  const deadline = Date.now() + LAST_EVENT_PATIENCE;
  while (Date.now() < deadline && !survivors.every(({ client }) => client?.hasLast === true)) {
    await sleep(50);
  }
  const tallies: Record<string, Tally> = {};
  for (const { id, client } of survivors) {
    if (client !== undefined) {
      tallies[id] = client.tally;
      if (client.failure !== undefined) {
        counters.faults.push(client.failure.message);
      }
    }
  }
  clearInterval(ticker);
  sendProgress();
  send({ say: "report", tallies });
}
