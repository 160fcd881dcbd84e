/** The whole stack that a user runs: a real bridge made with HAP-NodeJS, on hapwire and on HAP-NodeJS's own transport. */

import { HAPNODEJS, HAPWIRE } from "../contenders";
import { BridgeSeat, postBy, putCharacteristics } from "../harness/bridge-seat";
import type { CasePlan, MetricPlan } from "../harness/case";
import type { Controller } from "../harness/controller";
import { checkAccessories, checkRead } from "../harness/lamp-check";
import { LAMP_CHARACTERISTICS, type Id } from "../harness/lamps";
import { measured, type Load } from "../harness/load";
import { User, type Post } from "../harness/pairing";
import { REQUEST_METRICS, sendRequests } from "../harness/requests";
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

/** Requests and bursts of a cold sample. After a restart, each controller of a large home sends one GET /accessories. */
const COLD_LARGE_READS = 20;
const COLD_REQUESTS = 200;
const COLD_BURSTS = 5;
/** Missing for small requests: each of them is one turn of the event loop, and their stall is their latency. */
const STALL: MetricPlan = { name: "stall", title: "longest stall", unit: "ms" };

export const wholeStack: Scenario = {
  name: "whole-stack",
  title: "The whole stack: a real bridge",
  how:
    "A bridge of lamps, made with HAP-NodeJS and published without mDNS, on hapwire and on HAP-NodeJS's own transport. In " +
    "both, most of the work is HAP-NodeJS's. The controllers do pair-verify, and check every response and event. CPU time " +
    "is that of the bridge's process, latency is as the controllers see it, and a stall is the longest time between two " +
    "turns of the bridge's event loop. Events gather for 1 ms instead of 250. The latency of a pair-setup is the time that " +
    "the controller waits for the three responses. " +
    `Cold: the first work of a fresh process, ${String(COLD_REQUESTS)} small requests, ${String(COLD_LARGE_READS)} times ` +
    `GET /accessories, ${String(COLD_BURSTS)} bursts, or the others once.`,
  contenders: [HAPWIRE, HAPNODEJS],
  cases(settings) {
    const first = [accessoriesCase(settings), readCase("get-1", 1, settings)];
    const last = [burstCase(settings), returnCase(settings)];
    return settings.quick
      ? [...first, ...last]
      : [
          ...first,
          readCase(`get-${String(MANY)}`, MANY, settings),
          writeCase(settings),
          ...last,
          setUpCase(settings),
        ];
  },
};

/** One accessory is the bridge itself. */
function lampsOf({ accessories }: RunSettings): number {
  return Math.max(1, accessories - 1);
}

function metricsOf(what: string, latency: string): MetricPlan[] {
  return [
    { name: "cpu", title: `CPU time of ${what}`, unit: "us" },
    { name: "p50", title: `${latency}, p50`, unit: "us" },
    STALL,
  ];
}

/** Starts a bridge that these many users are paired with. */
function startPaired(settings: RunSettings, users: number): Load<BridgeSeat>["start"] {
  return async (competitor) => BridgeSeat.start(competitor, lampsOf(settings), users);
}

/** A bridge whose controllers are connected. */
function connected(settings: RunSettings): Pick<Load<BridgeSeat>, "start" | "setUp"> {
  return {
    start: startPaired(settings, settings.connections ?? CONTROLLERS),
    setUp: async (seat) => seat.connect(),
  };
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
      metrics: [...REQUEST_METRICS, STALL],
    },
    {
      ...connected(settings),
      async work({ controllers, ids }, times, record) {
        let checked: Buffer | undefined;
        const read = async (controller: Controller): Promise<void> => {
          const { body } = await controller.request("/accessories");
          // Equal to an answer that was checked: nothing changes meanwhile.
          if (checked?.equals(body) !== true) {
            checkAccessories(body, ids, lamps);
            checked = body;
          }
        };
        await sendRequests(controllers, 1, times, read, record);
      },
      cold: COLD_LARGE_READS,
      stall: CONTROLLERS,
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
      metrics: REQUEST_METRICS,
    },
    {
      ...connected(settings),
      async work({ controllers, ids }, times, record) {
        const read = readOf(ids.slice(0, size), lamps);
        await sendRequests(controllers, 1, times, read, record);
      },
      cold: COLD_REQUESTS,
    },
  );
}

function writeCase(settings: RunSettings): CasePlan {
  /** The number of the first brightness, whose handler counts writes. */
  const number = lampsOf(settings);
  return stackCase(
    settings,
    {
      name: "put",
      title: "PUT of 1 characteristic",
      metrics: REQUEST_METRICS,
    },
    {
      ...connected(settings),
      async work({ controllers, ids, server }, times, record) {
        const [id] = ids.slice(number);
        if (id === undefined) {
          throw new Error("the bridge has no lamp");
        }
        const before = await server.call("writes");
        let { count } = before;
        const write = async (controller: Controller): Promise<void> => {
          count += 1;
          await putCharacteristics(controller, [{ ...id, value: count % 101 }]);
        };
        await sendRequests(controllers, 1, times, write, record);
        const after = await server.call("writes");
        if (after.count !== count || after.last !== count % 101) {
          throw new Error(`of ${String(times)} writes, ${String(after.count - before.count)} came`);
        }
      },
      cold: COLD_REQUESTS,
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
      metrics: metricsOf("a burst", "time until every controller has every event"),
    },
    {
      start: startPaired(settings, controllers),
      async setUp(seat) {
        await seat.connect();
        await seat.subscribe(changes);
      },
      work: async (seat, times, record) =>
        repeat(times, async () => {
          record(await timed(async () => seat.change(changes)));
        }),
      cold: COLD_BURSTS,
      stall: 1,
    },
  );
}

function returnCase(settings: RunSettings): CasePlan {
  const returning = settings.connections ?? RETURNING;
  return stackCase(
    settings,
    {
      name: "return",
      title: `${String(returning)} controllers come back at once`,
      metrics: metricsOf("all of them", "time to the last one's first response"),
    },
    {
      start: startPaired(settings, returning),
      async work(seat, times, record) {
        const read = readOf(seat.ids.slice(0, 1), lampsOf(settings));
        const comeBack = async (user: User): Promise<void> => {
          const controller = await seat.open(user);
          await read(controller);
          controller.close();
        };
        await repeat(times, async () => {
          record(await timed(async () => Promise.all(seat.users.map(comeBack))));
          await seat.server.call("whenEmpty");
        });
      },
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
      metrics: metricsOf("a pair-setup", "latency of its three responses"),
    },
    {
      start: startPaired(settings, 0),
      work: async (seat, times, record) =>
        repeat(times, async () => {
          const controller = await seat.openUnverified();
          const post = postBy(controller);
          let waited = 0;
          const timedPost: Post = async (path, message) => {
            const start = performance.now();
            const answer = await post(path, message);
            waited += microsecondsSince(start);
            return answer;
          };
          await new User().setUp(timedPost, seat.setupCode);
          record(waited);
          controller.close();
          await seat.server.call("whenEmpty");
          await seat.server.call("unpair");
        }),
      cold: 1,
      stall: 1,
    },
  );
}

/** @returns A function that reads these characteristics and checks the response. */
function readOf(ids: readonly Id[], lamps: number): (controller: Controller) => Promise<void> {
  const path = `/characteristics?id=${ids.map(({ aid, iid }) => `${String(aid)}.${String(iid)}`).join(",")}`;
  return async (controller) => {
    checkRead((await controller.request(path)).body, ids, lamps);
  };
}

async function repeat(times: number, once: () => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await once();
  }
}

/** @returns The duration in microseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return microsecondsSince(start);
}

function microsecondsSince(start: number): number {
  return (performance.now() - start) * 1000;
}
