/** The vertical scale of a chart. A spike does not flatten the other values: it is cut off, and marked. */

/** The least span of the scale, so that noise near zero looks small. */
const LEAST_SPAN = 1;
/** Room above the highest value. */
const HEADROOM = 1.1;
/** A chart of times ends at so many medians of its highest line. */
const MEDIANS = 4;
/** Samples between two spikes that get one mark. */
const MARK_DISTANCE = 30;

export type Series = readonly (number | null | undefined)[];

/** The highest value of a spike that is cut off. */
export interface Peak {
  /** The index of the sample. */
  readonly index: number;
  readonly value: number;
}

/** @param clips - True for times: a stall or a slow start may be a thousand times as long as the usual time. */
export function ceilingOf(lines: readonly Series[], clips: boolean): number {
  const sorted = lines.map((line) => line.filter((value) => value != null).sort((a, b) => a - b));
  const whole = Math.max(LEAST_SPAN, ...sorted.map((line) => (line.at(-1) ?? 0) * HEADROOM));
  const usual = Math.max(...sorted.map((line) => line[Math.floor(line.length / 2)] ?? 0));
  return clips ? Math.min(whole, Math.max(LEAST_SPAN, usual * MEDIANS)) : whole;
}

/** The peaks above the ceiling. Spikes that are near each other have one. */
export function peaksOf(line: Series, ceiling: number): Peak[] {
  const peaks: Peak[] = [];
  let end = -Infinity;
  line.forEach((value, index) => {
    if (value == null || value <= ceiling) {
      return;
    }
    const last = peaks.at(-1);
    if (last === undefined || index - end > MARK_DISTANCE) {
      peaks.push({ index, value });
    } else if (value > last.value) {
      peaks.splice(-1, 1, { index, value });
    }
    end = index;
  });
  return peaks;
}
