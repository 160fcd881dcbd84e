/** Samples of CPU time: the work is warmed up, then done as often as makes a sample, and divided. */

import type { Sample } from "./case";
import type { Seat } from "./seat";
import { budgetOf, type RunSettings } from "./settings";
import { warmUp } from "./work";

/**
 * @param seat - Its controllers are connected.
 * @param work - Does it so many times.
 * @param units - What the figure is of, e.g. the connections of a wave, in one time.
 * @returns What takes a sample: `cpu`, microseconds of the server's CPU time for a unit.
 */
export async function cpuSample(
  seat: Seat,
  settings: RunSettings,
  work: (times: number) => Promise<void>,
  units = 1,
): Promise<() => Promise<Sample & { readonly cpu: number }>> {
  const cost = async (times: number): Promise<number> => seat.cpuOf(async () => work(times));
  const times = await warmUp(cost, budgetOf(settings));
  return async () => ({ cpu: (await cost(times)) / (times * units) });
}
