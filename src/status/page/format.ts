/** Formats figures and times in the language of the browser. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

/** Shown if there is no figure. */
export const NOTHING = "–";

export function count(value: number): string {
  return whole.format(value);
}

/** E.g. `1 request`, `1,204 requests`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Three digits, or all digits before the point. */
export function decimal(value: number | null): string {
  if (value === null) {
    return NOTHING;
  }
  if (value >= 100) {
    return whole.format(value);
  }
  return (value >= 10 ? tenths : hundredths).format(value);
}

export function milliseconds(value: number | null): string {
  return value === null ? NOTHING : `${decimal(value)} ms`;
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** @param epoch - In milliseconds. */
export function clockTime(epoch: number): string {
  return time.format(epoch);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(rest) : tenths.format(rest)} ${UNITS[unit] ?? ""}`;
}

/** The units of a duration in seconds, the largest first. */
const TIME_UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

/** The two largest units of a duration. */
export function duration(seconds: number): string {
  const first = TIME_UNITS.findIndex(([, length]) => seconds >= length);
  if (first === -1) {
    return "0 s";
  }
  let rest = seconds;
  const parts = TIME_UNITS.slice(first, first + 2).map(([unit, length]) => {
    const value = Math.floor(rest / length);
    rest -= value * length;
    return `${String(value)} ${unit}`;
  });
  return parts.join(" ");
}

/** The largest unit alone. */
export function briefDuration(seconds: number): string {
  return duration(seconds).split(" ", 2).join(" ");
}
