/** Work that can be had in any amount: warmed up, then measured in portions large enough for the noise not to count. */

import type { Budget } from "./settings";

/** @returns What doing it so many times took in CPU time, in microseconds. */
export type Work = (times: number) => Promise<number>;

/**
 * Does the work until it is warm: by CPU time, or where it mostly waits, by the clock.
 *
 * @returns How many times make a sample.
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
