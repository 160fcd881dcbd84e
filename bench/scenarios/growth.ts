/** How the cost of an event grows with the number of connections, and of characteristics. */

import { HAPNODEJS, HAPWIRE, PORTABLE } from "../contenders";
import type { CasePlan } from "../harness/case";
import { burstLoad } from "../harness/burst-load";
import { measured } from "../harness/load";
import type { RunSettings } from "../harness/settings";
import type { CaseResult, Figure } from "../result";
import type { Scenario } from "../scenario";

const CONNECTIONS = [8, 64, 512];
const QUICK_CONNECTIONS = [8, 128];
/** Characteristics for each accessory. */
const CHARACTERISTICS = [1, 10, 100];
const QUICK_CHARACTERISTICS = [1, 10];
/** More than any bridge has. With more, a queue that is searched from end to end takes minutes. */
const MAX_CHARACTERISTICS = 15_000;
const FEW_CONNECTIONS = 8;

export const growth: Scenario = {
  name: "growth",
  title: "Growth",
  how:
    "Bursts with one change for each characteristic. CPU time of the server's process, divided by the events and by the " +
    "connections. The growth is the cost in the largest case over the cost in the smallest: 1 is flat.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS],
  cases(settings) {
    const { accessories, quick } = settings;
    const characteristics = (quick ? QUICK_CHARACTERISTICS : CHARACTERISTICS).map((each) =>
      Math.min(each * accessories, MAX_CHARACTERISTICS),
    );
    return [
      ...(quick ? QUICK_CONNECTIONS : CONNECTIONS).map((connections) =>
        growthCase("connections", connections, accessories, settings),
      ),
      ...characteristics.map((changes) => growthCase("characteristics", FEW_CONNECTIONS, changes, settings)),
    ];
  },
  derive(cases) {
    return [growthOf("connections", cases), growthOf("characteristics", cases)];
  },
};

function growthCase(
  growing: "connections" | "characteristics",
  connections: number,
  changes: number,
  settings: RunSettings,
): CasePlan {
  const size = growing === "connections" ? connections : changes;
  return {
    name: `${growing}-${String(size)}`,
    title: `${size.toLocaleString("en")} ${growing}`,
    metrics: [{ name: "cpu", title: "CPU time of an event on a connection", unit: "us" }],
    ...measured({ ...burstLoad(changes, connections, settings), units: connections * changes }, settings),
  };
}

/** The largest case over the smallest, round by round. */
function growthOf(growing: string, cases: readonly CaseResult[]): CaseResult {
  const own = cases.filter(({ name }) => name.startsWith(`${growing}-`));
  const [smallest, largest] = [own.at(0), own.at(-1)];
  const figures = smallest?.metrics[0]?.figures ?? [];
  return {
    name: `${growing}-growth`,
    title: `from ${smallest?.title ?? ""} to ${largest?.title ?? ""}`,
    metrics: [
      {
        name: "growth",
        title: "growth of the cost",
        unit: "ratio",
        figures: figures.map((figure) =>
          ratioOf(
            figure,
            largest?.metrics[0]?.figures.find(({ contender }) => contender === figure.contender),
          ),
        ),
      },
    ],
  };
}

function ratioOf(smallest: Figure, largest: Figure | undefined): Figure {
  const { contender } = smallest;
  const failed = smallest.failed ?? largest?.failed;
  if (failed !== undefined || largest === undefined) {
    return { contender, samples: [], failed: failed ?? "the largest case is missing" };
  }
  return {
    contender,
    samples: largest.samples.map((value, round) => value / (smallest.samples[round] ?? NaN)),
  };
}
