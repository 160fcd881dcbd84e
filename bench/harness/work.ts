/** Warms work up, and finds how much of it makes a sample. */

import type { Budget } from "./settings";

/** Does the work this many times. @returns The CPU time in microseconds. */
export type Work = (times: number) => Promise<number>;

/**
 * Does the work until the warm-up's CPU time is spent, or its time by the clock if the work mostly waits.
 *
 * @returns The number of times that makes a sample.
 */
export async function warmUp(work: Work, budget: Budget): Promise<number> {
  const start = performance.now();
  let spent = 0;
  for (let times = 1; ; times *= 2) {
    const before = performance.now();
    const used = await work(times);
    spent += used;
    const waited = performance.now() - before;
    const nextEnd = performance.now() + 2 * waited - start;
    if (spent >= budget.warmUp || nextEnd > budget.warmUpWait) {
      const fitting = Math.min((budget.sample * times) / used, (budget.sampleWait * times) / waited);
      return Math.max(1, Math.floor(fitting));
    }
  }
}
