/** The commands and answers between the server's process and the controllers' process. */

/** The events of a connection: their number, and a digest of the list. */
export interface Tally {
  readonly count: number;
  readonly digest: number;
}

export type ToLoad =
  /** Finish the requests under way, and send no more. */
  | { readonly say: "settle" }
  /** Answer with the tally of each connection when it has the last event. */
  | { readonly say: "report" };

export type FromLoad =
  | {
      readonly say: "progress";
      readonly requests: number;
      readonly events: number;
      readonly forged: number;
      /** Damaged messages, wrong answers, missing answers. */
      readonly faults: readonly string[];
    }
  | { readonly say: "settled" }
  | { readonly say: "report"; readonly tallies: Readonly<Record<string, Tally>> };

export const EMPTY_TALLY: Tally = { count: 0, digest: 0 };

/** Adds an event. */
export function tallied({ count, digest }: Tally, iid: number, value: number): Tally {
  return { count: count + 1, digest: (Math.imul(digest, 31) + Math.imul(iid, 7919) + value) >>> 0 };
}

/** The characteristics of accessory 1 have the iids 1 to this. */
export const CHARACTERISTICS = 40;
/** The characteristic of the last event. All connections subscribe to it. */
export const LAST_IID = CHARACTERISTICS + 1;

/** The body of the server's answers, cut to the requested length. No byte equals its neighbour. */
export const CONTENT = Buffer.from(
  Array.from({ length: 1024 * 1024 }, (_, at) => (at * 31 + (at >> 8)) & 0xff),
);
