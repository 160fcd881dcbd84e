/** A program: one contender's server, which does as the harness asks and says what that cost. Argument: {@link Start}. */

import { readdirSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";

import type { BenchServer, ServerSettings, StartServer } from "../servers/contract";
import { burstOf, singleChange } from "./changes";
import { costCommands, type CostCommands } from "./cost";
import { refuseToStart, serveCommands } from "./ipc";

/** What the program is told. */
export interface Start {
  /** The file of a module of servers/. */
  readonly module: string;
  readonly settings: ServerSettings;
}

/** Some of the bursts, or single changes, that follow one another in a run. */
export interface Series {
  /** The first one's number. */
  readonly from: number;
  readonly count: number;
  /** Changes of a burst, or characteristics that single changes go round. */
  readonly changes: number;
}

/** What a process holds. */
export interface Footprint {
  /** Resident, in bytes. */
  readonly memory: number;
  /** undefined where the system does not tell. */
  readonly descriptors?: number;
}

export type ServerCommands = CostCommands & {
  /** Collects garbage, so that what is held can be read. */
  collect(): Promise<void>;
  /** Broadcasts bursts, each when the events of the one before have gone out. */
  sendBursts(series: Series): Promise<void>;
  /** Broadcasts immediate events, one in each turn of the event loop. */
  sendImmediates(series: Series): Promise<void>;
  footprint(): Footprint;
  /** Resolves when no connection is left. */
  whenEmpty(): Promise<void>;
};

/** Milliseconds after the window of a burst's events: its timers have fired by then, and the loop has come round. */
const PAUSE = 2;
/** Garbage that was pointed at by garbage goes in a later collection. */
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
