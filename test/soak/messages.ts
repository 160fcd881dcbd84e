/** What the server's process and the controllers' process say to each other. */

/** How many events there were on a connection, and which: equal digests, equal lists. */
export interface Tally {
  readonly count: number;
  readonly digest: number;
}

export type ToLoad =
  /** Finish what is under way, and keep still. */
  | { readonly say: "settle" }
  /** Say what each connection has received, once it has the last event. */
  | { readonly say: "report" };

export type FromLoad =
  | {
      readonly say: "progress";
      readonly requests: number;
      readonly events: number;
      readonly forged: number;
      /** What must not happen: damaged messages, wrong answers, answers that do not come. */
      readonly faults: readonly string[];
    }
  | { readonly say: "settled" }
  | { readonly say: "report"; readonly tallies: Readonly<Record<string, Tally>> };

export const EMPTY_TALLY: Tally = { count: 0, digest: 0 };

/** One event more. */
export function tallied({ count, digest }: Tally, iid: number, value: number): Tally {
  return { count: count + 1, digest: (Math.imul(digest, 31) + Math.imul(iid, 7919) + value) >>> 0 };
}

/** Characteristics of accessory 1: 1 to this. */
export const CHARACTERISTICS = 40;
/** The characteristic of the last event, to which all subscribe. */
export const LAST_IID = CHARACTERISTICS + 1;

/** What the server answers: as many bytes as were asked for, of which none is like its neighbour. */
export const CONTENT = Buffer.from(
  Array.from({ length: 1024 * 1024 }, (_, at) => (at * 31 + (at >> 8)) & 0xff),
);
