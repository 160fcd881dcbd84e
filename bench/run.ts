/** A run: scenario by scenario, case by case. */

import type { RunRequest } from "./arguments";
import type { Competitor } from "./contenders";
import { runCase } from "./harness/case";
import { describeMachine } from "./harness/machine";
import type { ProgressLine } from "./harness/progress";
import { RESULT_FORMAT, type BenchResult, type CaseResult, type ScenarioResult } from "./result";
import type { Scenario } from "./scenario";

/**
 * Measures the requested scenarios.
 *
 * @param scenarios - The requested scenarios.
 * @param competitors - The requested contenders. One with a reason to be left out takes no part.
 * @param command - The command that repeats the run.
 */
export async function run(
  request: RunRequest,
  scenarios: readonly Scenario[],
  competitors: readonly Competitor[],
  command: string,
  progress: ProgressLine,
): Promise<BenchResult> {
  const taken = new Date().toISOString();
  const present = competitors.filter(({ leftOut }) => leftOut === undefined);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    results.push(await runScenario(scenario, request, present, progress));
  }
  progress.end();
  return {
    format: RESULT_FORMAT,
    taken,
    command,
    ...(request.quick && { quick: true }),
    machine: describeMachine(),
    contenders: competitors.map(({ name, title, leftOut }) => ({
      name,
      title,
      ...(leftOut !== undefined && { leftOut }),
    })),
    scenarios: results,
  };
}

async function runScenario(
  scenario: Scenario,
  request: RunRequest,
  competitors: readonly Competitor[],
  progress: ProgressLine,
): Promise<ScenarioResult> {
  const { name, title, how } = scenario;
  const cases: CaseResult[] = [];
  for (const plan of scenario.cases(request)) {
    const wanted = plan.contenders ?? scenario.contenders;
    const taking = competitors.filter((competitor) => wanted.includes(competitor.name));
    progress.begin(name, plan.title);
    const turn = (contender: string, round: number): void => {
      progress.turn(name, plan.title, contender, round, request.rounds);
    };
    cases.push(await runCase(plan, taking, request.rounds, turn));
  }
  return { name, title, how, cases: [...cases, ...(scenario.derive?.(cases) ?? [])] };
}
