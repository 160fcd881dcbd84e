/** What every file of scenarios/ exports. */

import type { CasePlan } from "./harness/case";
import type { RunSettings } from "./harness/settings";
import type { CaseResult } from "./result";

export interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  readonly title: string;
  /** How the figures are taken and what the limit is, for someone who reads the report. */
  readonly how: string;
  /** The names of those that take part. */
  readonly contenders: readonly string[];
  cases(settings: RunSettings): CasePlan[];
  /** Cases that follow from the others, such as growth from the smallest to the largest. */
  derive?(cases: readonly CaseResult[]): CaseResult[];
}
