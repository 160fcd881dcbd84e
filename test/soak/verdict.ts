/** The criteria of a soak, and the check of its findings against them. */

import type { Sample } from "./gauges";
import { slopeOf } from "./gauges";
import type { Tally } from "./messages";

/** Runs of fewer minutes are mostly warm-up. */
const SHORT_RUN = 5;
/**
 * Megabytes that resident memory may grow by over the second half. It varies by 5 to 10 MB after a collection, because
 * allocators keep pages. In half an hour of 200 connections, a leak of 1 KB for each connection or of 3 bytes for each
 * event exceeds this.
 */
const MAX_GROWTH = 15;
/** The same in a short run, in which pools still fill. */
const MAX_SHORT_GROWTH = 60;
/** Megabytes by which JavaScript's memory may have grown when all is closed and collected. Most of it is code. */
const MAX_LEFT = 6;

/** The findings of a soak. */
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
  /** The server's timers that are still pending. */
  readonly timers: number;
  /** Resources that keep the event loop alive and did not exist before. */
  readonly resources: readonly string[];
  /** Connections that were not garbage-collected. */
  readonly alive: number;
  readonly held: { readonly before: number; readonly after: number };
}

/** @returns The criteria that failed, in words. */
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

/** Compares the events sent to each connection that is still open with those that it received. */
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

/** The reasons for which controllers and strangers make the server close a connection. */
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
  // Growth within twice the noise may be chance.
  return failure(
    perHour - 2 * noise > bound,
    `resident memory grows by ${perHour.toFixed(1)} ± ${noise.toFixed(1)} MB per hour; ${bound.toFixed(1)} are allowed`,
  );
}

function failure(hasFailed: boolean, message: string): string[] {
  return hasFailed ? [message] : [];
}
