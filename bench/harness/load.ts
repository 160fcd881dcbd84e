/** Work for a server, measured warm and cold: CPU time, latency, longest stall. */

import { percentile } from "../statistics";
import type { Competitor } from "../contenders";
import type { CasePlan, Sample } from "./case";
import { cpuOf, stallOf, type CostedServer } from "./cost";
import { budgetOf, type RunSettings } from "./settings";
import { warmUp } from "./work";

/** A contender's server in its own process, with controllers in this one. */
export interface Seated {
  readonly server: CostedServer;
  close(): Promise<void>;
}

/** Takes a latency as a controller sees it, in microseconds. */
export type RecordLatency = (latency: number) => void;

/** Work that can be done any number of times. */
export interface Load<S extends Seated> {
  /** @throws Error that says why this contender cannot run. */
  start(competitor: Competitor): Promise<S>;
  /** Prepares for the work: connects controllers, subscribes them. */
  setUp?(seat: S): Promise<void>;
  /**
   * Does the work.
   *
   * @param record - Called for each latency. Not called if no controller waits.
   * @throws Error if a response or an event is missing or wrong.
   */
  work(seat: S, times: number, record: RecordLatency): Promise<void>;
  /** The CPU time of one time is divided by this number, e.g. the connections of a wave. Default 1. */
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
export function measured<S extends Seated>(
  load: Load<S>,
  settings: RunSettings,
): Pick<CasePlan, "prepare" | "cold"> {
  const { cold, stall } = load;
  return {
    async prepare(competitor) {
      const seat = await startReady(load, competitor);
      try {
        const cost = async (times: number): Promise<number> => (await costOf(load, seat, times)).spent;
        const times = await warmUp(cost, budgetOf(settings));
        return {
          sample: async () => ({
            ...(await sampleOf(load, seat, times)),
            ...(stall !== undefined && { stall: await stallIn(load, seat, stall) }),
          }),
          close: async () => seat.close(),
        };
      } catch (error) {
        await seat.close();
        throw error;
      }
    },
    ...(cold !== undefined && {
      cold: {
        rounds: settings.quick ? 1 : settings.rounds,
        sample: async (competitor) => ({
          ...(await inFreshProcess(load, competitor, async (seat) => sampleOf(load, seat, cold))),
          // In a process of its own: the stall clock keeps a process busy, which would count as CPU time.
          ...(stall !== undefined && {
            stall: await inFreshProcess(load, competitor, async (seat) => stallIn(load, seat, stall)),
          }),
        }),
      },
    }),
  };
}

/** Starts a server and sets it up. Stops the server if that fails. */
export async function startReady<S extends Seated>(
  { start, setUp }: Pick<Load<S>, "start" | "setUp">,
  competitor: Competitor,
): Promise<S> {
  const seat = await start(competitor);
  try {
    await setUp?.(seat);
    return seat;
  } catch (error) {
    await seat.close();
    throw error;
  }
}

async function inFreshProcess<S extends Seated, Result>(
  load: Load<S>,
  competitor: Competitor,
  measure: (seat: S) => Promise<Result>,
): Promise<Result> {
  const seat = await startReady(load, competitor);
  try {
    return await measure(seat);
  } finally {
    await seat.close();
  }
}

async function costOf<S extends Seated>(
  load: Load<S>,
  seat: S,
  times: number,
): Promise<{ spent: number; latencies: readonly number[] }> {
  const latencies: number[] = [];
  const spent = await cpuOf(seat.server, async () =>
    load.work(seat, times, (latency) => latencies.push(latency)),
  );
  return { spent, latencies };
}

async function sampleOf<S extends Seated>(load: Load<S>, seat: S, times: number): Promise<Sample> {
  const { spent, latencies } = await costOf(load, seat, times);
  return {
    cpu: spent / (times * (load.units ?? 1)),
    ...(latencies.length > 0 && { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }),
  };
}

async function stallIn<S extends Seated>(load: Load<S>, seat: S, times: number): Promise<number> {
  return stallOf(seat.server, async () => load.work(seat, times, () => undefined));
}
