/**
 * Keeps the load's process busy while a server is measured. A write to a socket whose reader sleeps must wake another core.
 * On a virtual machine that costs the writer more than the rest of the write, and would be billed to the server.
 */

import { availableParallelism } from "node:os";

/** With one core, a busy reader would only take it from the server. */
const MAY_STAY_BUSY = availableParallelism() > 1;

/** Does the work, and turns the event loop meanwhile even if nothing has arrived. */
export async function keepLoadBusy<Result>(work: () => Promise<Result>): Promise<Result> {
  let isDone = !MAY_STAY_BUSY;
  const turn = (): void => {
    if (!isDone) {
      setImmediate(turn);
    }
  };
  turn();
  try {
    return await work();
  } finally {
    isDone = true;
  }
}
