/** Measures one row of a scenario: makes the contenders ready, then measures them by turns, round by round. */

import type { Competitor } from "../contenders";
import type { CaseResult, Figure, Metric, Unit } from "../result";

/** The figures of one contender in one round, by the names of the metrics. */
export type Sample = Readonly<Record<string, number>>;

/** A contender that is warmed up and waits for its turn. */
export interface Subject {
  /** @throws Error if a response or an event is missing or wrong. */
  sample(): Promise<Sample>;
  close(): Promise<void>;
}

export interface MetricPlan {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
}

/** Samples of fresh processes without a warm-up. */
export interface ColdPlan {
  /** Samples that each contender gives at most; each round takes one. */
  readonly rounds: number;
  /**
   * Starts a process, measures the first work that it does, and ends it.
   *
   * @throws Error if a response or an event is missing or wrong.
   */
  sample(competitor: Competitor): Promise<Sample>;
}

export interface CasePlan {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly MetricPlan[];
  /** Names of the contenders that take part. Missing if all of the scenario's do. */
  readonly contenders?: readonly string[];
  /** @throws Error if the contender cannot do this. */
  prepare(competitor: Competitor): Promise<Subject>;
  /** Missing if the case has no cold figures. */
  readonly cold?: ColdPlan;
}

/** This machine lacks something that a contender needs. The contender is left out, and has not failed. */
export class LeftOutError extends Error {
  override readonly name = "LeftOutError";
}

/** Called before each turn. `round` is 0 during the preparation. */
export type Progress = (contender: string, round: number) => void;

/** The samples of one contender, as long as none has failed. */
interface Series {
  readonly samples: Sample[];
  failed?: string;
}

interface Entry {
  readonly competitor: Competitor;
  readonly subject?: Subject;
  readonly warm: Series;
  readonly cold: Series;
  readonly leftOut?: string;
}

/**
 * Measures a case. A contender that fails has no figure; the others go on.
 *
 * @param competitors - Those that take part.
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
    const present = entries.filter(({ subject }) => subject !== undefined);
    for (let round = 1; round <= rounds; round += 1) {
      for (const { competitor, subject, warm } of present) {
        progress(competitor.name, round);
        await takeTurn(warm, async () => subject?.sample());
      }
      for (const { competitor, cold } of round <= (plan.cold?.rounds ?? 0) ? present : []) {
        progress(competitor.name, round);
        await takeTurn(cold, async () => plan.cold?.sample(competitor));
      }
    }
  } finally {
    await Promise.all(entries.map(async ({ subject }) => subject?.close()));
  }
  return resultOf(plan, entries);
}

async function enter(plan: CasePlan, competitor: Competitor): Promise<Entry> {
  const entry = { competitor, warm: { samples: [] }, cold: { samples: [] } };
  try {
    return { ...entry, subject: await plan.prepare(competitor) };
  } catch (error) {
    const { message } = error as Error;
    const failed = { samples: [], failed: message };
    return error instanceof LeftOutError
      ? { ...entry, leftOut: message }
      : { competitor, warm: failed, cold: failed };
  }
}

async function takeTurn(series: Series, take: () => Promise<Sample | undefined>): Promise<void> {
  if (series.failed !== undefined) {
    return;
  }
  try {
    const sample = await take();
    if (sample !== undefined) {
      series.samples.push(sample);
    }
  } catch (error) {
    series.failed = (error as Error).message;
  }
}

function resultOf(plan: CasePlan, entries: readonly Entry[]): CaseResult {
  const measured = entries.filter(({ leftOut }) => leftOut === undefined);
  const leftOut = entries.flatMap(({ competitor: { name }, leftOut: why }) =>
    why === undefined ? [] : [`${name}: ${why}`],
  );
  const metricsOf = (seriesOf: (entry: Entry) => Series): Metric[] =>
    plan.metrics.map((metric) => ({
      ...metric,
      figures: measured.map((entry) => figureOf(entry.competitor.name, seriesOf(entry), metric.name)),
    }));
  return {
    name: plan.name,
    title: plan.title,
    metrics: metricsOf(({ warm }) => warm),
    ...(plan.cold !== undefined && { cold: metricsOf(({ cold }) => cold) }),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

function figureOf(contender: string, { samples, failed }: Series, metric: string): Figure {
  if (failed !== undefined) {
    return { contender, samples: [], failed };
  }
  const values = samples.flatMap((sample) => sample[metric] ?? []);
  return values.length === 0
    ? { contender, samples: [], failed: "not measured here" }
    : { contender, samples: values };
}
