/** The figures that lead the reports and the README: the whole stack first, then the transport alone. */

import type { BenchResult } from "../result";
import { aheadOfPeer, findRow, type MetricRow } from "./figures";

/** A few figures under one heading. */
export interface HeadlineGroup {
  readonly title: string;
  /** A sentence that explains the group. */
  readonly about: string;
  readonly rows: readonly Headline[];
}

export interface Headline extends MetricRow {
  readonly title: string;
}

/** The names of the scenario, the case and the metric, and the row's title if the case's title would not do. */
type HeadlinePlan = readonly [figure: string, title?: string];

const GROUPS: readonly { title: string; about: string; plans: readonly HeadlinePlan[] }[] = [
  {
    title: "A whole bridge",
    about:
      "A bridge made with HAP-NodeJS, on hapwire and on HAP-NodeJS's own transport. This is what a user gets: " +
      "most of the work is HAP-NodeJS's own in both.",
    plans: [
      ["whole-stack/accessories/cpu"],
      ["whole-stack/get-1/cpu"],
      ["whole-stack/get-100/cpu"],
      ["whole-stack/put/cpu"],
      ["whole-stack/burst/cpu"],
      ["whole-stack/burst/stall", "longest stall in this burst"],
      ["whole-stack/return/cpu"],
      ["whole-stack/pair-setup/cpu"],
    ],
  },
  {
    title: "The transport alone",
    about: "hapwire beside the transport of HAP-NodeJS, without the rest of HAP-NodeJS.",
    plans: [
      ["codec/65536/seal", "seal 64 KiB"],
      ["get/one/cpu", "small GET, one in flight"],
      ["accessories/150/cpu", "GET /accessories of 450 KB"],
      ["burst/1500x32/cpu", "1,500 changes to 32 controllers"],
      ["immediate/32/cpu", "immediate event to 32 controllers"],
      ["memory/1000/memory", "memory of an idle connection, at 1,000"],
    ],
  },
];

/** Leaves out rows without figures of both contenders, and groups without rows. */
export function headlinesOf(result: BenchResult): readonly HeadlineGroup[] {
  return GROUPS.map(({ title, about, plans }) => ({
    title,
    about,
    rows: plans.flatMap(([figure, rowTitle]): Headline[] => {
      const row = findRow(result, figure);
      return aheadOfPeer(row?.warm) === undefined || row === undefined
        ? []
        : [{ ...row, title: rowTitle ?? row.case.title }];
    }),
  })).filter(({ rows }) => rows.length > 0);
}
