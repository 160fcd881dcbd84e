/** The speed that hapwire is to reach, figure by figure. docs/benchmarks.md shows what a run has reached of it. */

/** One figure, and what it is to be. Ratios are medians of those of the rounds. */
export interface Goal {
  /** What it says in a table. */
  readonly title: string;
  /** The names of the figure's scenario, case and metric. */
  readonly scenario: string;
  readonly case: string;
  readonly metric: string;
  /** True where it stands in the README too. */
  readonly headline?: boolean;
  /** At least so many times less than HAP-NodeJS needs. */
  readonly ahead?: number;
  /** At most so many times what the limit needs. */
  readonly ofLimit?: number;
  /** At most this, in the metric's unit. */
  readonly atMost?: number;
}

export const GOALS: readonly Goal[] = [
  {
    title: "seal 64 KiB",
    headline: true,
    scenario: "codec",
    case: "65536",
    metric: "seal",
    ahead: 12,
    ofLimit: 1.1,
  },
  {
    title: "open 64 KiB",
    scenario: "codec",
    case: "65536",
    metric: "open",
    ahead: 12,
    ofLimit: 1.1,
  },
  {
    title: "seal 150 B",
    headline: true,
    scenario: "codec",
    case: "150",
    metric: "seal",
    ahead: 7,
    ofLimit: 1.6,
  },
  { title: "open 150 B", scenario: "codec", case: "150", metric: "open", ahead: 7, ofLimit: 1.6 },
  {
    title: "small GET, 8 connections, one in flight",
    headline: true,
    scenario: "get",
    case: "one",
    metric: "cpu",
    ahead: 2,
    ofLimit: 1.1,
  },
  {
    title: "the same, eight in flight",
    scenario: "get",
    case: "each",
    metric: "cpu",
    ahead: 2.2,
    ofLimit: 1.5,
  },
  {
    title: "GET /accessories of 450 KB",
    headline: true,
    scenario: "accessories",
    case: "150",
    metric: "cpu",
    ahead: 8,
    ofLimit: 1.25,
  },
  {
    title: "burst of 1,500 changes to 32 connections",
    headline: true,
    scenario: "burst",
    case: "1500x32",
    metric: "cpu",
    ahead: 40,
    ofLimit: 1.5,
  },
  {
    title: "burst of 1,500 changes to 8 connections",
    scenario: "burst",
    case: "1500x8",
    metric: "cpu",
    ahead: 25,
    ofLimit: 1.7,
  },
  {
    title: "burst of 150 changes to 8 connections",
    scenario: "burst",
    case: "150x8",
    metric: "cpu",
    ahead: 15,
    ofLimit: 2,
  },
  {
    title: "immediate events to 32 connections",
    headline: true,
    scenario: "immediate",
    case: "32",
    metric: "cpu",
    ahead: 3.5,
    ofLimit: 1.35,
  },
  {
    title: "connect, first request, close, 32 connections",
    headline: true,
    scenario: "connect",
    case: "32",
    metric: "cpu",
    ahead: 2.5,
    ofLimit: 1.5,
  },
  {
    title: "memory of an idle connection, at 200",
    headline: true,
    scenario: "memory",
    case: "200",
    metric: "memory",
    ahead: 1.7,
    ofLimit: 1.3,
  },
  {
    title: "memory of an idle connection, at 1,000",
    scenario: "memory",
    case: "1000",
    metric: "memory",
    ahead: 1.7,
    ofLimit: 1.3,
  },
  {
    title: "descriptors of a connection",
    scenario: "memory",
    case: "1000",
    metric: "descriptors",
    atMost: 1,
  },
  {
    title: "longest stall of the loop, 1,500 changes to 32 connections",
    headline: true,
    scenario: "stall",
    case: "1500x32",
    metric: "stall",
    ahead: 20,
  },
  {
    title: "cost of an event on a connection, 512 connections to 8",
    scenario: "growth",
    case: "connections-growth",
    metric: "growth",
    atMost: 1.25,
  },
];
