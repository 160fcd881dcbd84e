/** A program: the real bridge, on hapwire or on HAP-NodeJS's own transport. Argument: {@link BridgeSettings}. */

import { setTimeout } from "node:timers/promises";

import { Bridge, type BridgeSettings, type Writes } from "./bridge";
import { costCommands, type CostCommands } from "./cost";
import { refuseToStart, serveCommands } from "./ipc";

export type BridgeCommands = CostCommands & {
  /** Gives the first `count` characteristics their values of a revision. */
  change(changes: { count: number; revision: number }): void;
  /** @returns The brightnesses that controllers have written. */
  writes(): Writes;
  /** Forgets all pairings. */
  unpair(): void;
  /** Resolves when no connection is left. */
  whenEmpty(): Promise<void>;
};

async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? "") as BridgeSettings;
  const { bridge, about } = await Bridge.publish(settings);
  serveCommands<BridgeCommands>(
    {
      ...costCommands(),
      change({ count, revision }) {
        bridge.change(count, revision);
      },
      writes: () => bridge.writes,
      unpair() {
        bridge.unpair();
      },
      async whenEmpty() {
        while (bridge.connections > 0) {
          await setTimeout(1);
        }
      },
    },
    about,
  );
}

main().catch(refuseToStart);
