/** A program: starts a contender's server or loads the addon, and reports the time. Argument: {@link StartTask}. */

import type { ServerSettings, StartServer } from "../servers/contract";
import { refuseToStart, serveCommands } from "./ipc";

/** The argument of the program. */
export interface StartTask {
  /** The file of a module of servers/, or of an addon. */
  readonly file: string;
  /** Missing for an addon. */
  readonly settings?: ServerSettings;
}

/** In milliseconds. */
export interface StartCost {
  readonly time: number;
  readonly cpu: number;
}

async function main(): Promise<void> {
  const { file, settings } = JSON.parse(process.argv[2] ?? "") as StartTask;
  const before = process.cpuUsage();
  const start = performance.now();
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an addon, or CommonJS as all of this is
  const loaded = require(file) as { startServer: StartServer };
  if (settings !== undefined) {
    await loaded.startServer(settings);
  }
  const time = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  serveCommands({}, { time, cpu: (user + system) / 1000 } satisfies StartCost);
}

main().catch(refuseToStart);
