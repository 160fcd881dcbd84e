/** The interface of a scenario. Every file of scenarios/ exports one. */

import type { CasePlan } from "./harness/case";
import type { RunSettings } from "./harness/settings";
import type { CaseResult } from "./result";

export interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  readonly title: string;
  /** The way in which the figures are taken, and the limit, for readers of the report. */
  readonly how: string;
  /** The names of the contenders that take part. */
  readonly contenders: readonly string[];
  cases(settings: RunSettings): CasePlan[];
  /** Computes further cases from the measured ones, such as the growth from the smallest to the largest. */
  derive?(cases: readonly CaseResult[]): CaseResult[];
}
