/**
 * Keeps this process from falling asleep while the load runs. A write to a socket whose reader sleeps must wake another
 * core, which costs the writer more than the rest of the write on a virtual machine, and is no work of a server's.
 */

import { availableParallelism } from "node:os";

/** Where there is one core, a reader that stays awake would only take it from the server. */
const MAY_STAY_AWAKE = availableParallelism() > 1;

/** Does this, turning the event loop meanwhile even when nothing has arrived. */
export async function awake<Result>(work: () => Promise<Result>): Promise<Result> {
  let isDone = !MAY_STAY_AWAKE;
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
