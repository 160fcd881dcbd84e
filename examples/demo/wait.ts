/** Waiting that ends: every wait of the demo has a limit. */

import { setTimeout as sleep } from "node:timers/promises";

import { patient } from "./patience";

/** Milliseconds that one thing may take; an unhurried machine needs a hundredth of it. */
export const PATIENCE = patient(10_000);

const POLL_INTERVAL = 2;

/** @throws Error that says what was awaited, where it does not come in time. */
export async function within<T>(what: string, promise: Promise<T>, limit = PATIENCE): Promise<T> {
  const timeout = new AbortController();
  const late = sleep(limit, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`${what}: nothing for ${String(limit / 1000)} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    timeout.abort();
  }
}

/** @returns Whether the condition came true in time. */
export async function until(condition: () => boolean, limit = PATIENCE): Promise<boolean> {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) {
      return false;
    }
    await sleep(POLL_INTERVAL);
  }
  return true;
}
