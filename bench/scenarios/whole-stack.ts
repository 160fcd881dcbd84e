/** The whole that a user has: a real bridge made with HAP-NodeJS, on hapwire and on HAP-NodeJS's own transport. */

import { HAPNODEJS, HAPWIRE, type Competitor } from "../contenders";
import { BridgeSeat, postBy, write } from "../harness/bridge-seat";
import type { CasePlan, MetricPlan } from "../harness/case";
import { checkAccessories, checkRead } from "../harness/lamp-check";
import { LAMP_CHARACTERISTICS } from "../harness/lamps";
import { measured, type Load } from "../harness/load";
import { User } from "../harness/pairing";
import { sendByTurns } from "../harness/requests";
import type { RunSettings } from "../harness/settings";
import type { Scenario } from "../scenario";

/** Controllers that are connected: the phones, tablets and hubs of a home. */
const CONTROLLERS = 8;
/** Controllers that come back at once. */
const RETURNING = 20;
/** Characteristics of a large read. */
const MANY = 100;
/** Characteristics that change in a burst, for each accessory of the bridge. */
const CHANGES_EACH = 3;

/** Requests of a cold sample, and bursts. GET /accessories is asked for as often as there are controllers. */
const COLD_REQUESTS = 200;
const COLD_BURSTS = 5;
/** Requests of which the longest stall is taken. */
const STALL_REQUESTS = 20;

export const wholeStack: Scenario = {
  name: "whole-stack",
  title: "The whole stack: a real bridge",
  how:
    "A bridge of lamps, made with HAP-NodeJS and published without mDNS, on hapwire and on HAP-NodeJS's own transport; " +
    "most of the work is HAP-NodeJS's in both. Controllers pair-verify as Apple's do, and check every answer and event. " +
    "CPU time of the bridge's process; latency as the controllers see it; longest time between two turns of the " +
    "bridge's event loop. Events gather for 1 ms instead of 250. Latency of a pair-setup is the time that the " +
    "controller waits for the three answers.",
  contenders: [HAPWIRE, HAPNODEJS],
  cases(settings) {
    return [
      accessoriesCase(settings),
      readCase("get-1", 1, settings),
      readCase(`get-${String(MANY)}`, MANY, settings),
      writeCase(settings),
      burstCase(settings),
      returnCase(settings),
      setUpCase(settings),
    ];
  },
};

/** One accessory is the bridge itself. */
function lampsOf({ accessories }: RunSettings): number {
  return Math.max(1, accessories - 1);
}

function metricsOf(what: string, latency: string, percentiles: readonly (50 | 99)[]): MetricPlan[] {
  return [
    { name: "cpu", title: `CPU time of ${what}`, unit: "us" },
    ...percentiles.map((each) => ({
      name: `p${String(each)}`,
      title: `${latency}, p${String(each)}`,
      unit: "us" as const,
    })),
    { name: "stall", title: "longest stall", unit: "ms" },
  ];
}

async function startConnected(competitor: Competitor, settings: RunSettings): Promise<BridgeSeat> {
  const seat = await BridgeSeat.start(competitor, lampsOf(settings), settings.connections ?? CONTROLLERS);
  try {
    await seat.connect();
    return seat;
  } catch (error) {
    await seat.close();
    throw error;
  }
}

function stackCase(
  settings: RunSettings,
  about: Pick<CasePlan, "name" | "title" | "metrics">,
  load: Load<BridgeSeat>,
): CasePlan {
  return { ...about, ...measured(load, settings) };
}

function accessoriesCase(settings: RunSettings): CasePlan {
  const lamps = lampsOf(settings);
  return stackCase(
    settings,
    {
      name: "accessories",
      title: `GET /accessories, ${String(lamps)} lamps`,
      metrics: metricsOf("a request", "latency", [50, 99]),
    },
    {
      start: async (competitor) => startConnected(competitor, settings),
      async work(seat, times) {
        let first: Buffer = Buffer.alloc(0);
        return sendByTurns(seat.controllers, times, async (controller) => {
          const { body } = await controller.request("/accessories");
          // Equal to an answer that was checked: nothing changes meanwhile.
          if (first.length === 0 || !body.equals(first)) {
            checkAccessories(body, seat.ids, lamps);
            first = body;
          }
        });
      },
      cold: RETURNING,
      stall: STALL_REQUESTS,
    },
  );
}

function readCase(name: string, count: number, settings: RunSettings): CasePlan {
  const lamps = lampsOf(settings);
  const size = Math.min(count, lamps * LAMP_CHARACTERISTICS.length);
  return stackCase(
    settings,
    {
      name,
      title: `GET of ${String(size)} characteristic${size === 1 ? "" : "s"}`,
      metrics: metricsOf("a request", "latency", [50, 99]),
    },
    {
      start: async (competitor) => startConnected(competitor, settings),
      async work(seat, times) {
        const ids = seat.ids.slice(0, size);
        const path = `/characteristics?id=${ids.map(({ aid, iid }) => `${String(aid)}.${String(iid)}`).join(",")}`;
        return sendByTurns(seat.controllers, times, async (controller) => {
          checkRead((await controller.request(path)).body, ids, lamps);
        });
      },
      cold: COLD_REQUESTS,
      stall: STALL_REQUESTS,
    },
  );
}

function writeCase(settings: RunSettings): CasePlan {
  const brightness = lampsOf(settings);
  return stackCase(
    settings,
    {
      name: "put",
      title: "PUT of 1 characteristic",
      metrics: metricsOf("a request", "latency", [50, 99]),
    },
    {
      start: async (competitor) => startConnected(competitor, settings),
      async work(seat, times) {
        const [id] = seat.ids.slice(brightness);
        if (id === undefined) {
          throw new Error("the bridge has no lamp");
        }
        const before = await seat.server.call("writes");
        let count = before.count;
        const latencies = await sendByTurns(seat.controllers, times, async (controller) => {
          count += 1;
          await write(controller, [{ ...id, value: count % 101 }]);
        });
        const after = await seat.server.call("writes");
        if (after.count !== count || after.last !== count % 101) {
          throw new Error(`of ${String(times)} writes, ${String(after.count - before.count)} came`);
        }
        return latencies;
      },
      cold: COLD_REQUESTS,
      stall: STALL_REQUESTS,
    },
  );
}

function burstCase(settings: RunSettings): CasePlan {
  const lamps = lampsOf(settings);
  const changes = Math.min(CHANGES_EACH * settings.accessories, LAMP_CHARACTERISTICS.length * lamps);
  const controllers = settings.connections ?? CONTROLLERS;
  return stackCase(
    settings,
    {
      name: "burst",
      title: `${String(changes)} changes to ${String(controllers)} controllers`,
      metrics: metricsOf("a burst", "time until every controller has every event", [50]),
    },
    {
      async start(competitor) {
        const seat = await startConnected(competitor, settings);
        try {
          await seat.subscribe(changes);
          return seat;
        } catch (error) {
          await seat.close();
          throw error;
        }
      },
      work: async (seat, times) => repeat(times, async () => timed(async () => seat.change(changes))),
      cold: COLD_BURSTS,
      stall: 1,
    },
  );
}

function returnCase(settings: RunSettings): CasePlan {
  const lamps = lampsOf(settings);
  const returning = settings.connections ?? RETURNING;
  return stackCase(
    settings,
    {
      name: "return",
      title: `${String(returning)} controllers come back at once`,
      metrics: metricsOf("all of them", "time to the last first answer", [50]),
    },
    {
      start: async (competitor) => BridgeSeat.start(competitor, lamps, returning),
      work: async (seat, times) =>
        repeat(times, async () => {
          const ids = seat.ids.slice(0, 1);
          const path = `/characteristics?id=${ids.map(({ aid, iid }) => `${String(aid)}.${String(iid)}`).join(",")}`;
          const time = await timed(async () => {
            await Promise.all(
              seat.users.map(async (user) => {
                const controller = await seat.open(user);
                checkRead((await controller.request(path)).body, ids, lamps);
                controller.close();
              }),
            );
          });
          await seat.server.call("whenEmpty");
          return time;
        }),
      cold: 1,
      stall: 1,
    },
  );
}

function setUpCase(settings: RunSettings): CasePlan {
  return stackCase(
    settings,
    {
      name: "pair-setup",
      title: "pair-setup, M1 to M6",
      metrics: metricsOf("a pair-setup", "latency of its three answers", [50]),
    },
    {
      start: async (competitor) => BridgeSeat.start(competitor, lampsOf(settings), 0),
      work: async (seat, times) =>
        repeat(times, async () => {
          const controller = await seat.openUnverified();
          const post = postBy(controller);
          let waited = 0;
          await new User().setUp(async (path, message) => {
            let answer: Buffer = Buffer.alloc(0);
            waited += await timed(async () => {
              answer = await post(path, message);
            });
            return answer;
          }, seat.setupCode);
          controller.close();
          await seat.server.call("whenEmpty");
          await seat.server.call("unpair");
          return waited;
        }),
      cold: 1,
      stall: 1,
    },
  );
}

async function repeat(times: number, once: () => Promise<number>): Promise<number[]> {
  const latencies: number[] = [];
  while (latencies.length < times) {
    latencies.push(await once());
  }
  return latencies;
}

/** @returns How long this took, in microseconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1000;
}
