/** A load of requests, of which some are in flight at the same time, at most one on a connection. */

import type { MetricPlan } from "./case";
import type { Controller } from "./controller";
import type { RecordLatency } from "./load";

/** Describes servers/sealing-http.ts, the limit of requests. */
export const REQUEST_LIMIT =
  "Limit: Node's http in plaintext, whose bytes pass JavaScript, and which also seals each request and the body of each " +
  "response and drops the frames.";

export const REQUEST_METRICS: readonly MetricPlan[] = [
  { name: "cpu", title: "CPU time of a request", unit: "us" },
  { name: "p50", title: "latency, p50", unit: "us" },
  { name: "p99", title: "latency, p99", unit: "us" },
];

/**
 * Has the controllers take turns at sending requests.
 *
 * @param inFlight - At most as many as there are controllers.
 * @param send - Sends one, and checks its response.
 * @param record - Called with the latency of each request.
 */
export async function sendRequests(
  controllers: readonly Controller[],
  inFlight: number,
  times: number,
  send: (controller: Controller) => Promise<void>,
  record: RecordLatency,
): Promise<void> {
  let started = 0;
  const lane = async (first: number): Promise<void> => {
    for (let turn = first; started < times; turn += inFlight) {
      started += 1;
      const controller = controllers[turn % controllers.length];
      const start = performance.now();
      if (controller !== undefined) {
        await send(controller);
      }
      record((performance.now() - start) * 1000);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, async (_, first) => lane(first)));
}
