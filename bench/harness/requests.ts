/** A load of requests, of which some are in flight at the same time, at most one on a connection. */

import type { MetricPlan, Sample } from "./case";
import type { Controller } from "./controller";
import { cpuSample } from "./cpu-sample";
import type { Seat } from "./seat";
import type { RunSettings } from "./settings";
import { percentile } from "../statistics";

export interface RequestLoad {
  readonly path: string;
  /** The response that must come. */
  readonly body: string;
  /** At most as many as there are controllers; with fewer, they take turns. */
  readonly inFlight: number;
}

export const REQUEST_METRICS: readonly MetricPlan[] = [
  { name: "cpu", title: "CPU time of a request", unit: "us" },
  { name: "p50", title: "latency, p50", unit: "us" },
  { name: "p99", title: "latency, p99", unit: "us" },
];

/** @returns What takes a sample of {@link REQUEST_METRICS}. */
export async function requestSample(
  seat: Seat,
  settings: RunSettings,
  load: RequestLoad,
): Promise<() => Promise<Sample>> {
  let latencies: number[] = [];
  const sample = await cpuSample(seat, settings, async (times) => {
    latencies = await sendInLanes(seat.controllers, load.inFlight, times, async (controller) =>
      controller.get(load.path, load.body),
    );
  });
  return async () => ({
    ...(await sample()),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  });
}

/** Has the controllers send requests, one after the other. @returns How long each request took, in microseconds. */
export async function sendByTurns(
  controllers: readonly Controller[],
  times: number,
  send: (controller: Controller) => Promise<void>,
): Promise<number[]> {
  return sendInLanes(controllers, 1, times, send);
}

/** @param inFlight - Lanes of requests. At most as many as there are controllers. */
async function sendInLanes(
  controllers: readonly Controller[],
  inFlight: number,
  times: number,
  send: (controller: Controller) => Promise<void>,
): Promise<number[]> {
  const latencies: number[] = [];
  let started = 0;
  const lane = async (first: number): Promise<void> => {
    for (let turn = first; started < times; turn += inFlight) {
      started += 1;
      const controller = controllers[turn % controllers.length];
      const start = performance.now();
      if (controller !== undefined) {
        await send(controller);
      }
      latencies.push((performance.now() - start) * 1000);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, async (_, first) => lane(first)));
  return latencies;
}
