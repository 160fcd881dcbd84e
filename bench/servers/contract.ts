/** What the harness wants of a contender's server. One module of this folder for each, run in a process of its own. */

import type { Burst } from "../harness/changes";

/** How a server is to be. */
export interface ServerSettings {
  /** Of the bridge that it serves. */
  readonly accessories: number;
  /** Milliseconds that events gather. Short of HAP's 250, so that a run does not consist of waiting. */
  readonly coalescingDelay: number;
  /** Events that must have room in a connection's queue. */
  readonly maxQueuedEvents: number;
}

export interface BenchServer {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Sends changes to all that have subscribed to them. */
  broadcast(burst: Burst, immediate: boolean): void;
}

/** What every module of this folder exports as `startServer`. */
export type StartServer = (settings: ServerSettings) => Promise<BenchServer>;
