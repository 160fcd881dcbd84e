/** The performance goals of the project. `npm run bench -- --goals` compares a result with them. */

/** A goal for one metric of one case. */
export interface Goal {
  readonly title: string;
  /** The names of the scenario, the case and the metric: `codec/150/seal`. */
  readonly figure: string;
  /** HAP-NodeJS needs at least so many times as much as hapwire. */
  readonly ahead?: number;
  /** hapwire needs at most so many times as much as the limit. */
  readonly ofLimit?: number;
  /** hapwire needs at most this, in the metric's unit. */
  readonly atMost?: number;
}

const KIB = 1024;

export const GOALS: readonly Goal[] = [
  { title: "whole stack, GET /accessories", figure: "whole-stack/accessories/cpu", ahead: 1.7 },
  { title: "whole stack, GET of 1 characteristic", figure: "whole-stack/get-1/cpu", ahead: 1.25 },
  { title: "whole stack, PUT of 1 characteristic", figure: "whole-stack/put/cpu", ahead: 1.25 },
  { title: "whole stack, burst of 450 changes to 8", figure: "whole-stack/burst/cpu", ahead: 2.5 },
  { title: "whole stack, 20 controllers back at once", figure: "whole-stack/return/cpu", ahead: 6 },
  { title: "seal 64 KiB", figure: "codec/65536/seal", ahead: 12, ofLimit: 1.1 },
  { title: "open 64 KiB", figure: "codec/65536/open", ahead: 12, ofLimit: 1.1 },
  { title: "seal 150 B", figure: "codec/150/seal", ahead: 7, ofLimit: 1.6 },
  { title: "open 150 B", figure: "codec/150/open", ahead: 7, ofLimit: 1.6 },
  { title: "small GET, one in flight", figure: "get/one/cpu", ahead: 2 },
  { title: "small GET, eight in flight", figure: "get/each/cpu", ahead: 2.2, ofLimit: 1.3 },
  { title: "GET /accessories of 450 KB", figure: "accessories/150/cpu", ahead: 2.5, ofLimit: 1.25 },
  { title: "burst of 1,500 changes to 32", figure: "burst/1500x32/cpu", ahead: 40, ofLimit: 1.5 },
  { title: "burst of 1,500 changes to 8", figure: "burst/1500x8/cpu", ahead: 20, ofLimit: 1.8 },
  { title: "burst of 150 changes to 8", figure: "burst/150x8/cpu", ahead: 2.5, ofLimit: 2 },
  { title: "immediate events to 32", figure: "immediate/32/cpu", ahead: 3, ofLimit: 1.35 },
  { title: "connect, first request, close", figure: "connect/32/cpu", ahead: 2.5, ofLimit: 1.5 },
  { title: "memory of an idle connection, at 1,000", figure: "memory/1000/memory", atMost: 9 * KIB },
  { title: "descriptors of a connection", figure: "memory/1000/descriptors", atMost: 1 },
  { title: "longest stall, 1,500 changes to 32", figure: "stall/1500x32/stall", ahead: 20 },
  {
    title: "cost of an event, 512 connections to 8",
    figure: "growth/connections-growth/growth",
    atMost: 1.25,
  },
];
