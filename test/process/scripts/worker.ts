/** A worker thread that serves secured connections and sends the events that it is told to. */

import { parentPort, workerData } from "node:worker_threads";

import type { EngineName, SessionKeys } from "hapwire";

import { CHARACTERISTIC, startSecuredServer } from "../../support/secured-server";
import { portOf } from "../../support/port";

/** The data that the thread is started with. */
export interface WorkerData {
  readonly engine: EngineName;
  readonly keys: SessionKeys;
}

/** An order to send events with the values from 0 up. */
export interface Order {
  readonly count: number;
  readonly immediate: boolean;
}

/** A window that no test waits for. */
const AN_HOUR = 60 * 60 * 1000;

async function work({ engine, keys }: WorkerData): Promise<void> {
  const server = await startSecuredServer(keys, { engine, coalescingDelay: AN_HOUR });
  parentPort?.on("message", ({ count, immediate }: Order) => {
    for (let value = 0; value < count; value += 1) {
      server.broadcastEvent(CHARACTERISTIC.aid, CHARACTERISTIC.iid, value, undefined, immediate);
    }
    parentPort?.postMessage(count);
  });
  parentPort?.postMessage(portOf(server));
}

void work(workerData as WorkerData);
