/** The result of a run of the benchmarks: the shape of `bench/results/*.json`, which every report is made from. */

/** Raised when a reader of older results would misread newer ones. */
export const RESULT_FORMAT = 1;

export interface BenchResult {
  readonly format: typeof RESULT_FORMAT;
  /** When the run began, ISO 8601. */
  readonly taken: string;
  /** The command that repeats the run, e.g. `npm run bench -- --rounds 9`. */
  readonly command: string;
  /** True for a run with `--quick`. */
  readonly quick?: boolean;
  readonly machine: Machine;
  /** The contenders with their versions. */
  readonly contenders: readonly Contender[];
  readonly scenarios: readonly ScenarioResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
  readonly hapwire: string;
}

export interface Contender {
  /** Its name on the command line and in figures, e.g. `hap-nodejs`. */
  readonly name: string;
  /** Its name in a report, e.g. `HAP-NodeJS 2.2.3`. */
  readonly title: string;
  /** The reason, if the contender was left out. */
  readonly leftOut?: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  /** How the figures were taken, in a few sentences for readers of the report. */
  readonly how: string;
  readonly cases: readonly CaseResult[];
}

/** One row of a scenario, e.g. `1,500 changes to 32 connections`. Smaller figures are better. */
export interface CaseResult {
  /** Stable and unique in its scenario, e.g. `1500x32`. */
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /**
   * The same metrics in a fresh process without a warm-up: one sample for each round, each from a process of its own.
   * Missing if the case has no cold figures.
   */
  readonly cold?: readonly Metric[];
  /** Contenders that could not be measured here, with the reason: `limit: the EVP loop is not built`. */
  readonly leftOut?: readonly string[];
}

/** One quantity of a case, e.g. CPU time for a request. */
export interface Metric {
  /** Stable and unique in its case, e.g. `cpu`. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly figures: readonly Figure[];
}

export type Unit = "ns" | "us" | "ms" | "bytes" | "count" | "ratio";

export interface Figure {
  /** {@link Contender.name} */
  readonly contender: string;
  /** One for each round, in the order of the rounds. Empty if `failed` is set. */
  readonly samples: readonly number[];
  /** The reason, if this contender has no figure, e.g. that it lost an event. */
  readonly failed?: string;
}
