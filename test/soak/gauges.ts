/** Readings of the process: memory and descriptors, and the slope of memory over time. */

import { readdirSync } from "node:fs";

export interface Sample {
  /** Hours since the start. */
  readonly hours: number;
  /** Megabytes. */
  readonly rss: number;
}

export interface Slope {
  /** Megabytes per hour. */
  readonly perHour: number;
  /** Its standard error. */
  readonly noise: number;
}

const MB = 1e6;

/** Open file descriptors. Undefined if the system does not list them. */
export function descriptors(): number | undefined {
  for (const directory of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(directory).length;
    } catch {
      // This system has no such folder.
    }
  }
  return undefined;
}

/** Resident memory, in megabytes. */
export function rss(): number {
  return process.memoryUsage.rss() / MB;
}

/** The memory of JavaScript objects and buffers, in megabytes. */
export function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}

/** Collects garbage as thoroughly as V8 allows. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    global.gc?.();
    // Finalizers run between the turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Fits a line by least squares. Ignores the first half of the samples, which is warm-up. */
export function slopeOf(all: readonly Sample[]): Slope {
  const samples = all.slice(Math.floor(all.length / 2));
  const count = samples.length;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
  const [hours, level] = [mean(samples.map((s) => s.hours)), mean(samples.map((s) => s.rss))];
  const sum = (term: (sample: Sample) => number): number =>
    samples.reduce((total, sample) => total + term(sample), 0);
  const spread = sum((s) => (s.hours - hours) ** 2);
  if (count < 3 || spread === 0) {
    return { perHour: 0, noise: Infinity };
  }
  const perHour = sum((s) => (s.hours - hours) * (s.rss - level)) / spread;
  const residual = sum((s) => (s.rss - level - perHour * (s.hours - hours)) ** 2);
  return { perHour, noise: Math.sqrt(residual / (count - 2) / spread) };
}
