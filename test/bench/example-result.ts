/** A result with invented figures: some good, some bad, some within the noise, some missing. */

import type { BenchResult, CaseResult, Figure, Metric, ScenarioResult, Unit } from "#bench/result";

const ROUNDS = 7;

/** Samples around `middle`. All contenders share most of the variation of a round. */
function samples(middle: number, own: number): number[] {
  return Array.from({ length: ROUNDS }, (_, round) => {
    const shared = 1 + 0.03 * Math.sin(round * 2.1);
    const alone = 1 + 0.012 * Math.sin(round * 5.3 + own);
    return Number((middle * shared * alone).toPrecision(6));
  });
}

/** @param middles - By contender. A text says why there is no figure. */
function metric(
  name: string,
  title: string,
  unit: Unit,
  middles: Readonly<Record<string, number | string>>,
): Metric {
  const figures = Object.entries(middles).map(([contender, middle], index): Figure =>
    typeof middle === "string"
      ? { contender, samples: [], failed: middle }
      : {
          contender,
          samples: unit === "count" ? Array<number>(ROUNDS).fill(middle) : samples(middle, index),
        },
  );
  return { name, title, unit, figures };
}

function one(name: string, title: string, ...metrics: Metric[]): CaseResult {
  return { name, title, metrics };
}

/** A case of the whole stack, whose cold figures are four times as large. */
function stackCase(name: string, title: string, own: number, peer: number): CaseResult {
  const metrics = (factor: number): Metric[] => [
    metric("cpu", "CPU time of a request", "us", { hapwire: own * factor, "hap-nodejs": peer * factor }),
    metric("p50", "latency, p50", "us", { hapwire: own * factor * 1.2, "hap-nodejs": peer * factor * 1.3 }),
    metric("stall", "longest stall", "ms", { hapwire: own / 900, "hap-nodejs": peer / 900 }),
  ];
  return { name, title, metrics: metrics(1), cold: metrics(4) };
}

function codecCase(name: string, title: string, scale: number, ahead: number): CaseResult {
  const middles = {
    limit: scale,
    hapwire: scale * 1.08,
    portable: scale * 3.1,
    "hap-nodejs": scale * ahead,
    "sodium-native": scale * 1.9,
  };
  return one(
    name,
    title,
    metric("seal", "sealing a message", "ns", middles),
    metric("open", "opening a message", "ns", { ...middles, "hap-nodejs": scale * ahead * 1.1 }),
  );
}

function burstCase(name: string, title: string, limit: number, ahead: number): CaseResult {
  return one(
    name,
    title,
    metric("cpu", "CPU time of a burst", "us", {
      limit,
      hapwire: limit * 1.42,
      portable: limit * 3.3,
      "hap-nodejs": limit * 1.42 * ahead,
    }),
  );
}

const scenarios: readonly ScenarioResult[] = [
  {
    name: "whole-stack",
    title: "The whole stack: a real bridge",
    how: "A bridge of lamps, made with HAP-NodeJS, on hapwire and on HAP-NodeJS's own transport.",
    cases: [
      stackCase("accessories", "GET /accessories, 149 lamps", 8_200, 14_400),
      stackCase("get-1", "GET of 1 characteristic", 125, 171),
      stackCase("get-100", "GET of 100 characteristics", 1_010, 1_020),
      stackCase("put", "PUT of 1 characteristic", 98, 125),
      stackCase("burst", "450 changes to 8 controllers", 3_900, 10_400),
      stackCase("return", "20 controllers come back at once", 31_000, 240_000),
      stackCase("pair-setup", "pair-setup, M1 to M6", 61_000, 60_500),
    ],
  },
  {
    name: "codec",
    title: "Seal and open",
    how: "CPU time of sealing and of opening one message, in a process of its own.",
    cases: [
      codecCase("64", "64 B", 410, 9),
      codecCase("150", "150 B", 520, 8.2),
      codecCase("1024", "1 KiB", 900, 7.7),
      codecCase("65536", "64 KiB", 46_000, 13.4),
      codecCase("1048576", "1 MiB", 740_000, 16),
    ],
  },
  {
    name: "get",
    title: "Small encrypted GET",
    how: "GET of one characteristic. CPU time of the server's process for a request; latency as the controller sees it.",
    cases: [
      one(
        "one",
        "8 connections, one in flight",
        metric("cpu", "CPU time of a request", "us", {
          limit: 61,
          hapwire: 64,
          portable: 88,
          "hap-nodejs": 141,
        }),
        metric("p99", "latency, p99", "us", { limit: 210, hapwire: 232, portable: 260, "hap-nodejs": 480 }),
      ),
      one(
        "each",
        "8 connections, one in flight on each",
        metric("cpu", "CPU time of a request", "us", {
          limit: 31,
          hapwire: 49.5,
          portable: 71,
          "hap-nodejs": 101,
        }),
        metric("p99", "latency, p99", "us", { limit: 420, hapwire: 510, portable: 690, "hap-nodejs": 1_310 }),
      ),
    ],
  },
  {
    name: "burst",
    title: "Burst of changes",
    how: "CPU time of the server's process from the first broadcast until every controller has every event.",
    cases: [
      burstCase("150x8", "150 changes to 8 connections", 250, 17),
      burstCase("1500x8", "1,500 changes to 8 connections", 1_400, 28),
      burstCase("1500x32", "1,500 changes to 32 connections", 4_900, 44),
      one(
        "1500x128",
        "1,500 changes to 128 connections",
        metric("cpu", "CPU time of a burst", "us", {
          limit: 19_000,
          hapwire: 25_000,
          portable: 61_000,
          "hap-nodejs": "lost 12 of 192,000 events",
        }),
      ),
    ],
  },
  {
    name: "memory",
    title: "Idle connections",
    how: "Resident memory for one more idle encrypted connection, after a warm-up and a collection.",
    cases: [200, 1000].map((count) =>
      one(
        String(count),
        `at ${count.toLocaleString("en-US")} connections`,
        metric("memory", "memory of a connection", "bytes", {
          limit: 21_000,
          hapwire: 26_500,
          "hap-nodejs": 47_900,
        }),
        metric("descriptors", "descriptors of a connection", "count", {
          limit: 1,
          hapwire: 1,
          "hap-nodejs": 4,
        }),
      ),
    ),
  },
  {
    name: "growth",
    title: "Growth",
    how: "CPU time for one event on one connection.",
    cases: [
      ...[8, 32, 128, 512].map((count) =>
        one(
          `connections-${String(count)}`,
          `${String(count)} connections`,
          metric("cpu", "CPU time of an event on a connection", "us", {
            hapwire: 0.118 + count / 20_000,
            "hap-nodejs": 4.1 + count * 0.003,
          }),
        ),
      ),
      one(
        "connections-growth",
        "from 8 connections to 512",
        metric("growth", "growth of the cost", "ratio", { hapwire: 1.21, "hap-nodejs": 1.36 }),
      ),
    ],
  },
];

export const EXAMPLE: BenchResult = {
  format: 1,
  taken: "2026-02-03T04:05:06.000Z",
  command: "npm run bench -- --rounds 7",
  machine: {
    cpu: "Example Processor 9000 @ 2.00GHz",
    cores: 4,
    memory: 8_589_934_592,
    platform: "linux",
    arch: "x64",
    kernel: "6.1.0",
    node: "v20.20.2",
    openssl: "3.0.17",
    hapwire: "0.1.0",
  },
  contenders: [
    { name: "hapwire", title: "hapwire" },
    { name: "portable", title: "hapwire, portable engine" },
    { name: "hap-nodejs", title: "HAP-NodeJS 2.2.3" },
    { name: "sodium-native", title: "sodium-native 5.1.0" },
    { name: "limit", title: "the limit" },
  ],
  scenarios,
};

/** The example with other cases. */
export function exampleWithCases(change: (one: CaseResult) => CaseResult): BenchResult {
  return { ...EXAMPLE, scenarios: scenarios.map((one) => ({ ...one, cases: one.cases.map(change) })) };
}

/** The example with other warm figures. */
export function exampleWithFigures(change: (figure: Figure, index: number) => Figure): BenchResult {
  return exampleWithCases((one) => ({
    ...one,
    metrics: one.metrics.map((metric) => ({ ...metric, figures: metric.figures.map(change) })),
  }));
}
