/**
 * `hapwire/metrics`: a server's figures as Prometheus metrics, through `prom-client`.
 *
 * @module hapwire/metrics
 */

import { createRequire } from "node:module";

import type * as promClient from "prom-client";
import type { Counter, Gauge, Metric, Registry } from "prom-client";

import { checkHasFunctions, checkNonEmptyString } from "./check";
import { ArgumentError, MissingPeerError, type ErrorCode } from "./errors";
import { FIGURES, type Figure, type Labels } from "./metrics-figures";
import { observe } from "./diagnostics";
import { checkOptionNames } from "./option-names";
import type { EventedHTTPServer } from "./server";
import type { ServerStats } from "./stats";

/**
 * A `Registry` of `prom-client`. Only the functions that are needed: a program that imports `hapwire/metrics` compiles
 * without `prom-client`.
 */
export interface MetricsRegistry {
  /** Finds a metric. */
  getSingleMetric(name: string): object | undefined;
  /** Adds a metric. */
  registerMetric(metric: never): void;
  /** Removes a metric. */
  removeSingleMetric(name: string): void;
}

/** The options of {@link collectMetrics}. */
export interface MetricsOptions {
  /** The registry of the metrics: a `Registry` of `prom-client`. Default: `prom-client`'s own `register`. */
  register?: MetricsRegistry;
  /** The beginning of all metrics' names: letters, digits, `_` and `:`, no digit first. Default `hapwire_`. */
  prefix?: string;
  /** The label `server` of this server's figures. Default: `1`, `2` and so on, in the order of the calls. */
  name?: string;
}

type NamedStats = readonly (readonly [name: string, stats: ServerStats])[];
type PromClient = typeof promClient;

/** In seconds. A read from memory takes less than a millisecond, a plugin that asks a device takes seconds. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const OPTION_NAMES = { register: true, prefix: true, name: true };

const REFUSALS = "refusals_total";
const DURATION = "request_duration_seconds";

/** By prefix. */
const groups = new WeakMap<Registry, Map<string, MetricsGroup>>();

/**
 * Registers the figures of a server with `prom-client`. They are read when Prometheus asks. The times of requests and the
 * refusals are counted from this call on. Several servers share the metrics. The label `server` tells them apart.
 *
 * @returns A function that removes the server from the metrics. After the last server, it removes the metrics from the
 *   registry.
 * @throws {@link hapwire.MissingPeerError} if `prom-client` cannot be loaded.
 * @throws {@link hapwire.ArgumentError} if the prefix is malformed or taken, or if another server has the name.
 */
export function collectMetrics(server: EventedHTTPServer, options: MetricsOptions = {}): () => void {
  // Not by class: another copy of hapwire may have made the server.
  if (typeof (Object(server) as Partial<EventedHTTPServer>).stats !== "function") {
    throw new ArgumentError("server", "an EventedHTTPServer", server);
  }
  checkOptionNames<MetricsOptions>(options, OPTION_NAMES, "collectMetrics()");
  const client = loadClient();
  const { register = client.register, prefix = "hapwire_", name } = options;
  checkRegistry(register, "options.register");
  if (typeof prefix !== "string" || !/^([a-zA-Z_:][\w:]*)?$/.test(prefix)) {
    throw new ArgumentError("options.prefix", "the beginning of a metric's name", prefix);
  }
  if (name !== undefined) {
    checkNonEmptyString(name, "options.name");
  }
  const byPrefix = groups.get(register) ?? new Map<string, MetricsGroup>();
  groups.set(register, byPrefix);
  const existing = byPrefix.get(prefix);
  const group = existing?.isRegistered ? existing : new MetricsGroup(client, register, prefix);
  byPrefix.set(prefix, group);
  let remove: (() => void) | undefined = group.add(server, name);
  return () => {
    // Only once: another server may have the name now.
    remove?.();
    remove = undefined;
    if (group.isEmpty && byPrefix.get(prefix) === group) {
      group.unregister();
      byPrefix.delete(prefix);
    }
  };
}

function checkRegistry(value: unknown, argument: string): asserts value is Registry {
  checkHasFunctions(value, argument, "getSingleMetric", "registerMetric", "removeSingleMetric");
}

function loadClient(): PromClient {
  try {
    return createRequire(__filename)("prom-client") as PromClient;
  } catch (cause) {
    throw new MissingPeerError("prom-client", { cause });
  }
}

/** The metrics of one prefix in one registry, and the servers in them. */
class MetricsGroup {
  readonly #register: Registry;
  readonly #prefix: string;
  readonly #servers = new Map<string, EventedHTTPServer>();
  readonly #refusals;
  readonly #duration;
  readonly #metrics: ReadonlySet<Metric | undefined>;
  /** Read once for all metrics of one request of Prometheus. */
  #stats: NamedStats | undefined;
  #added = 0;

  constructor(client: PromClient, register: Registry, prefix: string) {
    this.#register = register;
    this.#prefix = prefix;
    const taken = this.#names().find((name) => register.getSingleMetric(name) !== undefined);
    if (taken !== undefined) {
      throw new ArgumentError("options.prefix", `another one: the registry has a metric ${taken}`, prefix);
    }
    const figures = FIGURES.map((figure) => this.#registerFigure(client, figure));
    const registers = [register];
    this.#refusals = new client.Counter({
      name: `${prefix}${REFUSALS}`,
      help: "Requests and connections refused, by the code of the reason.",
      labelNames: ["server", "reason"],
      registers,
    });
    this.#duration = new client.Histogram({
      name: `${prefix}${DURATION}`,
      help: "From when the handler got a request until its response was handed to the socket whole.",
      labelNames: ["server"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#metrics = new Set([...figures, this.#refusals, this.#duration]);
  }

  get isEmpty(): boolean {
    return this.#servers.size === 0;
  }

  /** False if the registry was cleared: it does not read servers that are added. */
  get isRegistered(): boolean {
    return this.#registeredNames().length > 0;
  }

  /** @returns A function that takes the server out. */
  add(server: EventedHTTPServer, wantedName: string | undefined): () => void {
    const name = wantedName ?? this.#freeName();
    if (this.#servers.has(name)) {
      throw new ArgumentError("options.name", "a name that no other server has", name);
    }
    this.#servers.set(name, server);
    const labels = { server: name };
    const refusals = new Set<ErrorCode>();
    const unobserve = observe(server, {
      answered: (milliseconds) => {
        this.#duration.observe(labels, milliseconds / 1000);
      },
      refused: (reason: ErrorCode) => {
        this.#refusals.inc({ server: name, reason });
        refusals.add(reason);
      },
    });
    return () => {
      unobserve();
      this.#servers.delete(name);
      this.#duration.remove(labels);
      for (const reason of refusals) {
        this.#refusals.remove({ server: name, reason });
      }
    };
  }

  unregister(): void {
    for (const name of this.#registeredNames()) {
      this.#register.removeSingleMetric(name);
    }
  }

  /** The names that the registry still has from this group. */
  #registeredNames(): string[] {
    return this.#names().filter((name) => this.#metrics.has(this.#register.getSingleMetric(name)));
  }

  #names(): string[] {
    return [...FIGURES.map(({ name }) => name), REFUSALS, DURATION].map((name) => `${this.#prefix}${name}`);
  }

  #freeName(): string {
    do {
      this.#added += 1;
    } while (this.#servers.has(String(this.#added)));
    return String(this.#added);
  }

  #registerFigure(client: PromClient, figure: Figure): Metric {
    const Kind = figure.type === "gauge" ? client.Gauge : client.Counter;
    const metric: Counter | Gauge = new Kind({
      name: `${this.#prefix}${figure.name}`,
      help: figure.help,
      labelNames: ["server", ...(figure.labels ?? [])],
      registers: [this.#register],
      collect: () => {
        metric.reset();
        for (const [labels, value] of this.#read(figure)) {
          metric.inc(labels, value);
        }
      },
    });
    return metric;
  }

  /** The values of a figure for each server. */
  *#read(figure: Figure): Generator<[labels: Labels, value: number]> {
    for (const [server, stats] of this.#statsOfAll()) {
      for (const [labels, value] of figure.read(stats)) {
        yield [{ server, ...labels }, value];
      }
    }
  }

  #statsOfAll(): NamedStats {
    if (this.#stats === undefined) {
      this.#stats = [...this.#servers].map(([name, server]) => [name, server.stats()]);
      queueMicrotask(() => {
        this.#stats = undefined;
      });
    }
    return this.#stats;
  }
}
