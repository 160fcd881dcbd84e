/** The interface of a contender's server. Each contender has a module in this folder, and runs in a process of its own. */

import type { Burst } from "../harness/changes";

/** Settings of a server. */
export interface ServerSettings {
  /** Accessories of the bridge. */
  readonly accessories: number;
  /** Milliseconds that events gather. Shorter than HAP's 250, so that a run does not consist of waiting. */
  readonly coalescingDelay: number;
  /** Events that a connection's queue must hold. */
  readonly maxQueuedEvents: number;
}

export interface BenchServer {
  readonly port: number;
  /** The number of open connections. */
  readonly connections: number;
  /** Sends changes to all controllers that have subscribed to them. */
  broadcast(burst: Burst, immediate: boolean): void;
}

/** Every module of this folder exports this function as `startServer`. */
export type StartServer = (settings: ServerSettings) => Promise<BenchServer>;
