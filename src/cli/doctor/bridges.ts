/** The reports of a Homebridge's processes for a bug report: without addresses and pairing identifiers. */

import { readBridgeReports } from "../../status/bridge-reports";
import type { ProcessReport, ProcessReports } from "../../status/process-report";
import type { EndedConnections, Finding, Quantiles, SlowRequest, User } from "../../status/report";

export interface Bridges {
  readonly processes: readonly BridgeProcess[];
  /** Processes that live and did not answer, by their ids. */
  readonly silent: readonly number[];
  /** Processes that run another version of hapwire, by their ids. */
  readonly foreign: readonly number[];
}

/** One process of a Homebridge. */
export interface BridgeProcess {
  readonly pid: number;
  readonly hapwire: string;
  readonly node: string;
  /** In seconds. */
  readonly uptime: number;
  readonly bridges: readonly BridgeFigures[];
  /** Why HomeKit may show "No Response", the worst first. */
  readonly why: readonly Anonymous<Finding>[];
  readonly slow: readonly Anonymous<SlowRequest>[];
  readonly ended: readonly EndedConnections[];
}

export interface BridgeFigures {
  readonly name: string;
  readonly hapVersion: string;
  /** Null if the bridge does not listen. */
  readonly engine: string | null;
  readonly connections: number;
  readonly requests: number;
  readonly requestTime: Quantiles;
}

/** Has `controller 1` instead of the user and the address of a controller. */
export type Anonymous<T> = Omit<T, "user" | "from"> & { readonly controller: string | null };

/** @param storage - Homebridge's storage folder. */
export async function readBridges(storage: string): Promise<Bridges> {
  return withoutIdentities(await readBridgeReports(storage));
}

/** Removes everything that identifies people and their devices. Names of accessories stay: they lead to the cause. */
export function withoutIdentities({ processes, silent, foreign }: ProcessReports): Bridges {
  const controllers = new Map<string, string>();
  const nameOf = (user: User | null, from: string): string => {
    const key = `${String(user?.id)} ${from}`;
    const name = controllers.get(key) ?? `controller ${String(controllers.size + 1)}`;
    controllers.set(key, name);
    return name;
  };
  const anonymous = <T extends { user: User | null; from: string | null }>(thing: T): Anonymous<T> => {
    const { user, from, ...rest } = thing;
    return { ...rest, controller: from === null ? null : nameOf(user, from) };
  };
  const found = processes.map((report): BridgeProcess => {
    const { pid, hapwire, node, uptime, why, servers } = report;
    return {
      pid,
      hapwire,
      node,
      uptime,
      bridges: report.bridges.map((bridge) => figuresOf(bridge, report)),
      why: why.map(anonymous),
      slow: servers.flatMap(({ slow }) => slow.map(anonymous)),
      ended: servers.flatMap(({ ended }) => ended),
    };
  });
  return redacted({ processes: found, silent, foreign });
}

function figuresOf(
  { name, hapVersion, port }: ProcessReport["bridges"][number],
  { servers }: ProcessReport,
): BridgeFigures {
  const server = port === null ? undefined : servers.find((other) => other.port === port);
  return {
    name,
    hapVersion,
    engine: server?.engine ?? null,
    connections: server?.open ?? 0,
    requests: server?.requests ?? 0,
    requestTime: server?.requestTime ?? { p50: null, p99: null },
  };
}

/** Addresses and identifiers that somebody put into a name. */
const IDENTITIES =
  /\b(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?:[\da-f]{2}[:-]?){5}[\da-f]{2}|(?:[\da-f]{0,4}:){3,7}[\da-f]{1,4})\b/gi;

function redacted<T>(value: T): T {
  if (typeof value === "string") {
    return value.replace(IDENTITIES, "[hidden]") as T;
  }
  if (Array.isArray(value)) {
    return value.map(redacted) as T;
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, redacted(of)])) as T;
  }
  return value;
}
