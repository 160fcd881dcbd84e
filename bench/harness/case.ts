/** One row of a scenario: its contenders are made ready, then measured by turns, round by round. */

import type { Competitor } from "../contenders";
import type { CaseResult, Figure, Unit } from "../result";

/** The figures of one contender in one round, by the metrics' names. */
export type Sample = Readonly<Record<string, number>>;

/** A contender that is warm and waits for its turn. */
export interface Subject {
  /** @throws Error where it does not deliver what it must. */
  sample(): Promise<Sample>;
  close(): Promise<void>;
}

export interface MetricPlan {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
}

export interface CasePlan {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly MetricPlan[];
  /** Names of those that take part, where not all of the scenario do. */
  readonly contenders?: readonly string[];
  /** @throws Error where the contender cannot do this. */
  prepare(competitor: Competitor): Promise<Subject>;
}

/** A contender cannot be measured in a case for want of something on this machine, which is no failure of its. */
export class LeftOutError extends Error {
  override readonly name = "LeftOutError";
}

/** What is under way, for those who wait. `round` is 0 during preparation. */
export type Progress = (contender: string, round: number) => void;

interface Entry {
  readonly contender: string;
  readonly subject?: Subject;
  readonly samples: Sample[];
  failed?: string;
  readonly leftOut?: string;
}

/**
 * Measures a case.
 *
 * @param competitors - Those that take part; one that fails has no figure, the others go on.
 */
export async function runCase(
  plan: CasePlan,
  competitors: readonly Competitor[],
  rounds: number,
  progress: Progress,
): Promise<CaseResult> {
  const entries: Entry[] = [];
  try {
    for (const competitor of competitors) {
      progress(competitor.name, 0);
      entries.push(await enter(plan, competitor));
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const entry of entries) {
        progress(entry.contender, round);
        await takeTurn(entry);
      }
    }
  } finally {
    await Promise.all(entries.map(async ({ subject }) => subject?.close()));
  }
  const measured = entries.filter(({ leftOut }) => leftOut === undefined);
  const leftOut = entries.flatMap(({ contender, leftOut: why }) =>
    why === undefined ? [] : [`${contender}: ${why}`],
  );
  return {
    name: plan.name,
    title: plan.title,
    metrics: plan.metrics.map((metric) => ({
      ...metric,
      figures: measured.map((entry) => figureOf(entry, metric.name)),
    })),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

async function enter(plan: CasePlan, competitor: Competitor): Promise<Entry> {
  const entry = { contender: competitor.name, samples: [] };
  try {
    return { ...entry, subject: await plan.prepare(competitor) };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof LeftOutError ? { ...entry, leftOut: message } : { ...entry, failed: message };
  }
}

async function takeTurn(entry: Entry): Promise<void> {
  if (entry.failed !== undefined || entry.subject === undefined) {
    return;
  }
  try {
    entry.samples.push(await entry.subject.sample());
  } catch (error) {
    entry.failed = (error as Error).message;
  }
}

function figureOf({ contender, samples, failed }: Entry, metric: string): Figure {
  if (failed !== undefined) {
    return { contender, samples: [], failed };
  }
  const values = samples.flatMap((sample) => sample[metric] ?? []);
  return values.length === 0
    ? { contender, samples: [], failed: "not measured here" }
    : { contender, samples: values };
}
