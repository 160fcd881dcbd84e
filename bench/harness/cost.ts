/** The cost of work for a server's process: CPU time, and the longest stall of its event loop. */

import { keepLoadBusy } from "./keep-load-busy";
import type { Child } from "./child";
import { StallClock } from "./stall-clock";

// A type, because an interface has no index signature.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type CostCommands = {
  /** CPU time of this process so far, user and system, in microseconds. */
  cpu(): number;
  startStallClock(): void;
  /** @returns The longest stall since {@link CostCommands.startStallClock}, in milliseconds. */
  stopStallClock(): number;
};

/** The commands, for a server's program. */
export function costCommands(): CostCommands {
  const stallClock = new StallClock();
  return {
    cpu() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    startStallClock() {
      stallClock.start();
    },
    stopStallClock() {
      return stallClock.stop();
    },
  };
}

/** A server's process that answers {@link CostCommands}. */
export type CostedServer = Pick<Child<CostCommands>, "call">;

/**
 * Measures the server's CPU time, in microseconds. Each contender pays for its own garbage when V8 collects it: a forced
 * collection would throw compiled code away, and the figure would be the cost of compiling it again.
 */
export async function cpuOf(server: CostedServer, work: () => Promise<void>): Promise<number> {
  return keepLoadBusy(async () => {
    const before = await server.call("cpu");
    await work();
    return (await server.call("cpu")) - before;
  });
}

/** Measures the longest stall of the server's event loop, in milliseconds. The clock keeps the server's process busy. */
export async function stallOf(server: CostedServer, work: () => Promise<void>): Promise<number> {
  await server.call("startStallClock");
  await work();
  return server.call("stopStallClock");
}
