/** How a run is to be: what the command line says, with every default filled in. */

export interface RunSettings {
  readonly rounds: number;
  /** For a look, not for a figure to show: few cases, short samples. */
  readonly quick: boolean;
  /** In place of the scenarios' own numbers of connections. */
  readonly connections?: number;
  /** Of the bridge that is served; a burst changes one or ten characteristics of each. */
  readonly accessories: number;
}

/** How long things are measured. CPU time in microseconds, waiting in milliseconds. */
export interface Budget {
  /** CPU time of a warm-up, and how long it may take. */
  readonly warmUp: number;
  readonly warmUpWait: number;
  /** CPU time of a sample, and how long it may take. */
  readonly sample: number;
  readonly sampleWait: number;
}

export function budgetOf({ quick }: RunSettings): Budget {
  return quick
    ? { warmUp: 150_000, warmUpWait: 250, sample: 30_000, sampleWait: 100 }
    : { warmUp: 3_000_000, warmUpWait: 4000, sample: 200_000, sampleWait: 600 };
}

/** The numbers of connections of a scenario, or the one that was asked for. */
export function connectionCounts({ connections }: RunSettings, own: readonly number[]): readonly number[] {
  return connections === undefined ? own : [connections];
}
