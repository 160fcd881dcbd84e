/** Work for a server, measured warm and cold: CPU time, latency, longest stall. */

import { percentile } from "../statistics";
import type { Competitor } from "../contenders";
import type { CasePlan, Sample } from "./case";
import { cpuOf, stallOf, type CostedServer } from "./cost";
import { budgetOf, type RunSettings } from "./settings";
import { warmUp } from "./work";

/** A contender's server in its own process, with controllers in this one. */
export interface Loaded {
  readonly server: CostedServer;
  close(): Promise<void>;
}

/** Work that can be done any number of times. */
export interface Load<S extends Loaded> {
  /**
   * Starts a server and connects controllers.
   *
   * @throws Error that says why this contender cannot run.
   */
  start(competitor: Competitor): Promise<S>;
  /**
   * Does the work.
   *
   * @returns How long each time took as the controllers see it, in microseconds. Empty if nobody waits.
   * @throws Error if the server does not deliver what it must.
   */
  work(seat: S, times: number): Promise<readonly number[]>;
  /** Divides the CPU time of one time, e.g. by the connections of a wave. Default 1. */
  readonly units?: number;
  /** Times of a cold sample: the first ones of a process. Without it there are no cold figures. */
  readonly cold?: number;
  /** Times of which the longest stall is taken. Without it no stall is measured. */
  readonly stall?: number;
}

/**
 * Plans samples of `cpu` (microseconds of the server's CPU time), `p50` and `p99` (latency in microseconds) and `stall`
 * (milliseconds).
 */
export function measured<S extends Loaded>(
  load: Load<S>,
  settings: RunSettings,
): Pick<CasePlan, "prepare" | "cold"> {
  const { cold } = load;
  return {
    async prepare(competitor) {
      const seat = await load.start(competitor);
      try {
        const cost = async (times: number): Promise<number> => (await costOf(load, seat, times)).spent;
        const times = await warmUp(cost, budgetOf(settings));
        return {
          sample: async () => ({ ...(await sampleOf(load, seat, times)), ...(await stallIn(load, seat)) }),
          close: async () => seat.close(),
        };
      } catch (error) {
        await seat.close();
        throw error;
      }
    },
    ...(cold !== undefined && {
      cold: async (competitor) => ({
        ...(await inFreshProcess(load, competitor, async (seat) => sampleOf(load, seat, cold))),
        // The stall clock keeps a process busy, so that its CPU time is not the work's.
        ...(load.stall !== undefined &&
          (await inFreshProcess(load, competitor, async (seat) => stallIn(load, seat)))),
      }),
    }),
  };
}

async function inFreshProcess<S extends Loaded>(
  load: Load<S>,
  competitor: Competitor,
  measure: (seat: S) => Promise<Sample>,
): Promise<Sample> {
  const seat = await load.start(competitor);
  try {
    return await measure(seat);
  } finally {
    await seat.close();
  }
}

async function costOf<S extends Loaded>(
  load: Load<S>,
  seat: S,
  times: number,
): Promise<{ spent: number; latencies: readonly number[] }> {
  let latencies: readonly number[] = [];
  const spent = await cpuOf(seat.server, async () => {
    latencies = await load.work(seat, times);
  });
  return { spent, latencies };
}

async function sampleOf<S extends Loaded>(load: Load<S>, seat: S, times: number): Promise<Sample> {
  const { spent, latencies } = await costOf(load, seat, times);
  return {
    cpu: spent / (times * (load.units ?? 1)),
    ...(latencies.length > 0 && { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }),
  };
}

async function stallIn<S extends Loaded>(load: Load<S>, seat: S): Promise<Sample> {
  const { stall: times } = load;
  if (times === undefined) {
    return {};
  }
  const stall = await stallOf(seat.server, async () => {
    await load.work(seat, times);
  });
  return { stall };
}
