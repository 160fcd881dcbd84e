/** What is read off the process, and the line through it. */

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

/** Open file descriptors; undefined where the system does not tell. */
export function descriptors(): number | undefined {
  for (const directory of ["/proc/self/fd", "/dev/fd"]) {
    try {
      return readdirSync(directory).length;
    } catch {
      // Not on this system.
    }
  }
  return undefined;
}

/** Resident memory, in megabytes. */
export function rss(): number {
  return process.memoryUsage.rss() / MB;
}

/** What JavaScript holds, buffers included, in megabytes. */
export function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}

/** Collects what is not held any more, as far as one can make V8 do that. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    global.gc?.();
    // Finalizers run between the turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Least squares over the second half of the samples: the first one is warm-up. */
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
