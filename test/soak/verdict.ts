/** What is asked of a soak, and whether it was met. */

import type { Sample } from "./gauges";
import { slopeOf } from "./gauges";
import type { Tally } from "./messages";

/** Runs below this many minutes are warm-up for the most part. */
const SHORT_RUN = 5;
/**
 * Megabytes that resident memory may grow by over the second half. After a collection it moves by 5 to 10 MB up and down, as
 * the allocators keep pages or give them back; a leak of 1 KB for each connection or of 3 bytes for each event is more than
 * this in half an hour of 200 connections.
 */
const MAX_GROWTH = 15;
/** In a short run: the pools that fill while it warms up included. */
const MAX_SHORT_GROWTH = 60;
/** Megabytes that JavaScript may hold after all is closed and collected, above what it held before: code, mostly. */
const MAX_LEFT = 6;

/** All that a soak has found. */
export interface Findings {
  readonly minutes: number;
  readonly samples: readonly Sample[];
  readonly faults: readonly string[];
  /** Connections closed by the server, by reason. */
  readonly closed: Partial<Record<string, number>>;
  /** Frames that controllers have forged. */
  readonly forged: number;
  readonly sent: ReadonlyMap<string, Tally>;
  readonly received: Readonly<Record<string, Tally>>;
  readonly descriptors: { readonly before: number | undefined; readonly after: number | undefined };
  /** The server's own timers that still wait. */
  readonly timers: number;
  /** What keeps the event loop alive, and did not before. */
  readonly resources: readonly string[];
  /** Connections that were not collected. */
  readonly alive: number;
  readonly held: { readonly before: number; readonly after: number };
}

/** @returns what failed. */
export function judge(findings: Findings): string[] {
  const { faults, descriptors, timers, resources, alive, held } = findings;
  const left = held.after - held.before;
  return [
    ...faults.map((fault) => `a controller: ${fault}`),
    ...comparisons(findings),
    ...reasons(findings),
    ...failure(
      descriptors.after !== descriptors.before,
      `${String(descriptors.before)} descriptors were open before, ${String(descriptors.after)} after close()`,
    ),
    ...failure(timers > 0, `${String(timers)} timers left after close()`),
    ...failure(resources.length > 0, `left after close(): ${resources.join(", ")}`),
    ...failure(alive > 0, `${String(alive)} connections were not collected after close()`),
    ...failure(left > MAX_LEFT, `JavaScript holds ${left.toFixed(1)} MB more than before`),
    ...growth(findings),
  ];
}

/** Each connection that lives to the end has received exactly what was sent to it. */
function comparisons({ sent, received }: Findings): string[] {
  const ids = new Set([...sent.keys(), ...Object.keys(received)]);
  const differing = [...ids].flatMap((id) => {
    const [out, into] = [sent.get(id), received[id]];
    return out?.count === into?.count && out?.digest === into?.digest
      ? []
      : [`connection ${id}: sent ${show(out)}, received ${show(into)}`];
  });
  return [...differing, ...failure(ids.size === 0, "no connection has survived to be compared")];
}

/** Controllers and strangers give cause for these closes, and for no others. */
const EXPECTED_REASONS = [
  ...["BODY_TOO_LARGE", "FRAME_AUTHENTICATION", "HEAD_TOO_LARGE", "HTTP", "IDLE", "REQUEST_TIMEOUT"],
  ...["SOCKET", "STALLED", "STRANGERS"],
];

function reasons({ closed, forged }: Findings): string[] {
  const unexpected = Object.keys(closed).filter(
    (code) => !EXPECTED_REASONS.includes(code.replace("ERR_HAPWIRE_", "")),
  );
  const failed = closed["ERR_HAPWIRE_FRAME_AUTHENTICATION"] ?? 0;
  return [
    ...unexpected.map(
      (code) => `${String(closed[code])} connections were closed with ${code}: there was no cause`,
    ),
    ...failure(
      failed > forged,
      `${String(failed)} connections failed authentication, but only ${String(forged)} frames were forged`,
    ),
  ];
}

function show(tally: Tally | undefined): string {
  return tally === undefined
    ? "nothing: not connected"
    : `${String(tally.count)} (digest ${String(tally.digest)})`;
}

function growth({ minutes, samples }: Findings): string[] {
  const { perHour, noise } = slopeOf(samples);
  const hours = minutes / 60 / 2;
  const bound = (minutes < SHORT_RUN ? MAX_SHORT_GROWTH : MAX_GROWTH) / hours;
  // Twice the noise: what is no more than chance is no growth.
  return failure(
    perHour - 2 * noise > bound,
    `resident memory grows by ${perHour.toFixed(1)} ± ${noise.toFixed(1)} MB per hour; ${bound.toFixed(1)} are allowed`,
  );
}

function failure(hasFailed: boolean, message: string): string[] {
  return hasFailed ? [message] : [];
}
