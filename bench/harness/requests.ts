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
    latencies = await sendRequests(seat.controllers, load, times);
  });
  return async () => ({
    ...(await sample()),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  });
}

/** @returns How long each request took, in microseconds. */
async function sendRequests(
  controllers: readonly Controller[],
  { path, body, inFlight }: RequestLoad,
  times: number,
): Promise<number[]> {
  const latencies: number[] = [];
  let started = 0;
  const lane = async (first: number): Promise<void> => {
    for (let turn = first; started < times; turn += inFlight) {
      started += 1;
      const start = performance.now();
      await controllers[turn % controllers.length]?.get(path, body);
      latencies.push((performance.now() - start) * 1000);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, async (_, first) => lane(first)));
  return latencies;
}
