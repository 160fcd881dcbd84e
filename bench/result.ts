/** What a run of the benchmarks measured: the shape of `bench/results/*.json`, which every report is made from. */

/** Bumped when a reader of older results would misread newer ones. */
export const RESULT_FORMAT = 1;

export interface BenchResult {
  readonly format: typeof RESULT_FORMAT;
  /** When the run began, ISO 8601. */
  readonly taken: string;
  /** The command that repeats the run, e.g. `npm run bench -- --rounds 9`. */
  readonly command: string;
  readonly machine: Machine;
  /** What each contender is, with its versions. */
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
  /** Why it was left out, where it could not run. */
  readonly leftOut?: string;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  /** How the figures were taken, in a sentence or two for someone who reads the report. */
  readonly how: string;
  readonly cases: readonly CaseResult[];
}

/** One row of a scenario, e.g. `1,500 changes to 32 connections`; a smaller figure is the better one. */
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
  /** Who takes part in this scenario and could not be measured here, and why: `limit: the EVP loop is not built`. */
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
  /** One for each round, in the order of the rounds; empty where `failed` is set. */
  readonly samples: readonly number[];
  /** Why this contender has no figure here, e.g. that it lost an event. */
  readonly failed?: string;
}
