/** Memory and file descriptors of an idle connection. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE, type Competitor } from "../contenders";
import type { CasePlan, Sample } from "../harness/case";
import { CHARACTERISTIC, CHARACTERISTIC_JSON } from "../harness/home";
import { Seat } from "../harness/seat";
import type { Footprint } from "../harness/server-process";
import { connectionCounts, type RunSettings } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [200, 1000];
const QUICK_CONNECTIONS = [200];
/** The young generation does not grow. Its room for garbage could be many times the memory of the connections. */
const FLAGS = ["--min-semi-space-size=1", "--max-semi-space-size=1"];
/** Connections of the warm-up, and requests of each, so that code is compiled and the heap has its size. They stay open. */
const WARM_UP_CONNECTIONS = 20;
const WARM_UP_REQUESTS = 50;
/** Connections before the first reading, with those of the warm-up. They fill the memory that the warm-up left free. */
const FIRST_CONNECTIONS = 150;

export const memory: Scenario = {
  name: "memory",
  title: "An idle encrypted connection",
  how:
    "Resident memory and file descriptors that the connections add to the server's process, divided by their number. " +
    `Before them, ${String(FIRST_CONNECTIONS)} others have connected, after a warm-up. Each connection has sent one ` +
    "request through its session. Garbage is collected before both readings. The young generation is held at 1 MiB, so " +
    "that room for garbage does not count. Each round has a fresh process. Limit: Node's http in plaintext.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const own = settings.quick ? QUICK_CONNECTIONS : CONNECTIONS;
    return connectionCounts(settings, own).map((connections) => memoryCase(connections, settings));
  },
};

function memoryCase(connections: number, settings: RunSettings): CasePlan {
  return {
    name: String(connections),
    title: `${connections.toLocaleString("en")} connections`,
    metrics: [
      { name: "memory", title: "memory of a connection", unit: "bytes" },
      { name: "descriptors", title: "descriptors of a connection", unit: "count" },
    ],
    prepare: async (competitor) =>
      Promise.resolve({
        sample: async () => measureFresh(competitor, connections, settings),
        close: async () => Promise.resolve(),
      }),
  };
}

async function measureFresh(
  competitor: Competitor,
  connections: number,
  { accessories }: RunSettings,
): Promise<Sample> {
  const seat = await Seat.start(competitor, "http", accessories, FLAGS);
  try {
    await seat.connect(WARM_UP_CONNECTIONS);
    for (let i = 0; i < WARM_UP_REQUESTS; i += 1) {
      await askOnce(seat, 0);
    }
    await seat.connect(FIRST_CONNECTIONS);
    await askOnce(seat, WARM_UP_CONNECTIONS);
    const before = await readFootprint(seat);
    await seat.connect(FIRST_CONNECTIONS + connections);
    await askOnce(seat, FIRST_CONNECTIONS);
    const after = await readFootprint(seat);
    return {
      memory: (after.memory - before.memory) / connections,
      ...(after.descriptors !== undefined &&
        before.descriptors !== undefined && {
          descriptors: (after.descriptors - before.descriptors) / connections,
        }),
    };
  } finally {
    await seat.close();
  }
}

/** Sends a request from each controller, beginning with this one, one after the other. */
async function askOnce(seat: Seat, first: number): Promise<void> {
  for (const controller of seat.controllers.slice(first)) {
    await controller.get(CHARACTERISTIC, CHARACTERISTIC_JSON);
  }
}

async function readFootprint(seat: Seat): Promise<Footprint> {
  await seat.server.call("collect");
  return seat.server.call("footprint");
}
