/** A program: one contender's server, which broadcasts and reports its cost. Argument: {@link Start}. */

import { readdirSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";

import type { BenchServer, ServerSettings, StartServer } from "../servers/contract";
import { burstOf, singleChange } from "./changes";
import { costCommands, type CostCommands } from "./cost";
import { refuseToStart, serveCommands } from "./ipc";

/** The argument of the program. */
export interface Start {
  /** The file of a module of servers/. */
  readonly module: string;
  readonly settings: ServerSettings;
}

/** Consecutive bursts or single changes of a run. */
export interface Series {
  /** The number of the first one. */
  readonly from: number;
  readonly count: number;
  /** Changes of a burst, or the characteristics that single changes take in turn. */
  readonly changes: number;
}

/** Memory and descriptors of a process. */
export interface Footprint {
  /** Resident, in bytes. */
  readonly memory: number;
  /** Missing if the system does not tell. */
  readonly descriptors?: number;
}

export type ServerCommands = CostCommands & {
  /** Collects garbage before a footprint is read. */
  collect(): Promise<void>;
  /** Broadcasts bursts. Each follows when the events of the one before have been sent. */
  sendBursts(series: Series): Promise<void>;
  /** Broadcasts immediate events, one in each turn of the event loop. */
  sendImmediates(series: Series): Promise<void>;
  footprint(): Footprint;
  /** Resolves when no connection is left. */
  whenEmpty(): Promise<void>;
};

/** Milliseconds to wait after a burst's window. By then its timers have fired and the event loop has turned. */
const PAUSE = 2;
/** More than one: some garbage is only freed by a later collection. */
const COLLECTIONS = 3;

function commandsOf(server: BenchServer, settings: ServerSettings): ServerCommands {
  const { accessories, coalescingDelay } = settings;
  return {
    ...costCommands(),
    collect,
    async sendBursts({ from, count, changes }) {
      for (let number = from; number < from + count; number += 1) {
        server.broadcast(burstOf(changes, accessories, number), false);
        await setTimeout(coalescingDelay + PAUSE);
      }
    },
    async sendImmediates({ from, count, changes }) {
      for (let number = from; number < from + count; number += 1) {
        server.broadcast(singleChange(number, changes, accessories), true);
        await setImmediate();
      }
    },
    footprint,
    async whenEmpty() {
      while (server.connections > 0) {
        await setTimeout(1);
      }
    },
  };
}

async function collect(): Promise<void> {
  for (let i = 0; i < COLLECTIONS; i += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
}

function footprint(): Footprint {
  return { memory: process.memoryUsage.rss(), ...countDescriptors() };
}

function countDescriptors(): { descriptors?: number } {
  try {
    return { descriptors: readdirSync("/dev/fd").length };
  } catch {
    return {};
  }
}

async function main(): Promise<void> {
  const { module, settings } = JSON.parse(process.argv[2] ?? "") as Start;
  const { startServer } = (await import(module)) as { startServer: StartServer };
  const server = await startServer(settings);
  serveCommands(commandsOf(server, settings), server.port);
}

main().catch(refuseToStart);
