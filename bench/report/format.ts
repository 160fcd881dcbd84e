/** Formats figures and text for reports. */

import type { Unit } from "../result";
import type { Summary } from "../statistics";

/** Printed in place of a missing figure. */
export const NOTHING = "–";

interface Scale {
  /** In nanoseconds, bytes, or ones. */
  readonly size: number;
  readonly symbol: string;
}

/** The largest first. */
const TIMES: readonly Scale[] = [
  { size: 1e9, symbol: "s" },
  { size: 1e6, symbol: "ms" },
  { size: 1e3, symbol: "µs" },
  { size: 1, symbol: "ns" },
];
const BYTES: readonly Scale[] = [
  { size: 2 ** 30, symbol: "GiB" },
  { size: 2 ** 20, symbol: "MiB" },
  { size: 2 ** 10, symbol: "KiB" },
  { size: 1, symbol: "B" },
];
const COUNT: readonly Scale[] = [{ size: 1, symbol: "" }];
const RATIO: readonly Scale[] = [{ size: 1, symbol: "×" }];

const SCALES: Record<Unit, { readonly factor: number; readonly scales: readonly Scale[] }> = {
  ns: { factor: 1, scales: TIMES },
  us: { factor: 1e3, scales: TIMES },
  ms: { factor: 1e6, scales: TIMES },
  bytes: { factor: 1, scales: BYTES },
  count: { factor: 1, scales: COUNT },
  ratio: { factor: 1, scales: RATIO },
};

/** Three digits, or all digits before the point: `1.06`, `12.3`, `1,234`. A whole count has no fraction. */
function digits(value: number, unit: Unit): string {
  const whole = (unit === "count" && Number.isInteger(value)) || value === 0 || Math.abs(value) >= 999.5;
  return value.toLocaleString(
    "en-US",
    whole ? { maximumFractionDigits: 0 } : { minimumSignificantDigits: 3, maximumSignificantDigits: 3 },
  );
}

/** The largest scale that the rounded value reaches. */
function scaleOf(value: number, unit: Unit): Scale {
  const { scales } = SCALES[unit];
  const found = scales.find(({ size }) => Math.abs(value) >= size * 0.9995);
  return found ?? scales.at(-1) ?? { size: 1, symbol: "" };
}

/** E.g. `12.3 µs`, `4.00 KiB`, `1.06 ×`. */
export function formatFigure(value: number, unit: Unit): string {
  const counted = value * SCALES[unit].factor;
  const { size, symbol } = scaleOf(counted, unit);
  return `${digits(counted / size, unit)} ${symbol}`.trim();
}

/** A round figure without trailing zeros: `10 µs`, `1.5 ×`. */
export function formatBound(value: number, unit: Unit): string {
  return formatFigure(value, unit).replace(/(\.\d*[1-9])0+(?= |$)|\.0+(?= |$)/, "$1");
}

/** From the smallest to the largest, in the median's unit: `11.9 – 13.0 µs`. Empty if both are the same. */
export function formatRange({ median, min, max }: Summary, unit: Unit): string {
  if (min === max) return "";
  const [low, high] = [min * SCALES[unit].factor, max * SCALES[unit].factor];
  const { size, symbol } = scaleOf(median * SCALES[unit].factor, unit);
  return `${digits(low / size, unit)} – ${digits(high / size, unit)} ${symbol}`.trim();
}

/** Escapes text for HTML, between tags and in attributes. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** Escapes text for a paragraph or a table cell of Markdown, on one line. */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|&]/g, "\\$&");
}
