/** A process with open secured connections and events that wait, which ends in the way that its argument names. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:net";

import type { EventedHTTPServer, HAPConnection } from "hapwire";

import type { Controller } from "../../support/controller";
import { CHARACTERISTIC, connectSecured, startSecuredServer } from "../../support/secured-server";
import { portOf } from "../../support/port";

const AN_HOUR = 60 * 60 * 1000;

interface Scene {
  readonly server: EventedHTTPServer;
  readonly controllers: readonly Controller[];
}

const endings: Readonly<Record<string, (scene: Scene) => Promise<void> | void>> = {
  exit: () => {
    process.exit(7);
  },
  throw: () => {
    setImmediate(() => {
      throw new Error("on purpose");
    });
  },
  signal: () => {
    process.stdout.write("ready\n");
  },
  close: async ({ server }) => {
    await server.close();
    process.stdout.write("closed\n");
  },
  timers: leaveTimersAlone,
};

/** Ends all sockets from outside, so that the server's timers stay, which its own stop would clear. */
async function leaveTimersAlone({ server, controllers }: Scene): Promise<void> {
  const closed = [...server.connections].map(async (connection: HAPConnection) => once(connection, "closed"));
  controllers.forEach((controller) => {
    controller.destroy();
  });
  // Only the listening socket: what HAP-NodeJS's own tests reach for as well.
  (Reflect.get(server, "tcpServer") as Server).close();
  await Promise.all(closed);
  process.stdout.write("sockets gone\n");
}

async function main(ending = ""): Promise<void> {
  const keys = { accessoryToControllerKey: randomBytes(32), controllerToAccessoryKey: randomBytes(32) };
  const server = await startSecuredServer(keys, {
    coalescingDelay: AN_HOUR,
    idleSweepThreshold: 1,
    idleTimeout: AN_HOUR,
    stallTimeout: AN_HOUR,
    lingerTimeout: AN_HOUR,
  });
  const controllers: Controller[] = [];
  for (let i = 0; i < 3; i += 1) {
    controllers.push(await connectSecured(portOf(server), keys));
  }
  for (let value = 0; value < 1000; value += 1) {
    server.broadcastEvent(CHARACTERISTIC.aid, CHARACTERISTIC.iid, value);
  }
  await endings[ending]?.({ server, controllers });
}

void main(process.argv[2]);
