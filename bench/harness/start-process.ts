/** A program: starts a contender's server, or loads the addon, says how long that took, and has done. */

import type { ServerSettings, StartServer } from "../servers/contract";
import { refuseToStart, serveCommands } from "./ipc";

/** What the program is told. */
export interface StartTask {
  /** The file of a module of servers/, or of an addon. */
  readonly file: string;
  /** undefined for an addon. */
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
