/** Settings of a run: the command line with every default filled in. */

export interface RunSettings {
  readonly rounds: number;
  /** A first look, not figures to show: few cases, short samples. */
  readonly quick: boolean;
  /** Replaces the scenarios' own numbers of connections. */
  readonly connections?: number;
  /** Accessories of the bridge. A burst changes one or ten characteristics of each. */
  readonly accessories: number;
}

/** The time for a warm-up and a sample. CPU time in microseconds, waiting in milliseconds. */
export interface Budget {
  /** CPU time of a warm-up, and its limit by the clock. */
  readonly warmUp: number;
  readonly warmUpWait: number;
  /** CPU time of a sample, and its limit by the clock. */
  readonly sample: number;
  readonly sampleWait: number;
}

export function budgetOf({ quick }: RunSettings): Budget {
  return quick
    ? { warmUp: 150_000, warmUpWait: 250, sample: 30_000, sampleWait: 100 }
    : { warmUp: 3_000_000, warmUpWait: 4000, sample: 200_000, sampleWait: 600 };
}

/** The numbers of connections of a scenario, or the one from the command line. */
export function connectionCounts({ connections }: RunSettings, own: readonly number[]): readonly number[] {
  return connections === undefined ? own : [connections];
}
