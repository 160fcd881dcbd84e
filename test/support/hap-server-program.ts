/**
 * A program: HAP-NodeJS's `HAPServer` on loopback, paired with one user or with nobody, under the preload or not.
 *
 * `node [--require …/register.js] hap-server-program.js PACKAGE`, started with an IPC channel: the first message is the
 * user to pair with or "nobody", the answer says where the server is. Each later one is answered with what was used so far.
 */

import { once } from "node:events";
import { createRequire } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";

import type * as HapNodeJs from "@homebridge/hap-nodejs";

/** Whom the server is paired with. */
export interface PairWith {
  readonly name: string;
  /** In hex. */
  readonly publicKey: string;
}

/** Where the server is, and who. */
export interface Serving {
  readonly port: number;
  readonly pincode: string;
  readonly username: string;
  /** In hex. */
  readonly signPk: string;
}

export interface Usage {
  /** Microseconds of CPU time since the process started. */
  readonly cpu: number;
  /** The longest stall of the event loop since the answer before this one, in milliseconds. */
  readonly stall: number;
}

const [, , packageName = ""] = process.argv;
const hap = createRequire(__filename)(packageName) as typeof HapNodeJs;
/** The members of HAP-NodeJS's const enums: they are there at run time, but closed to `isolatedModules`. */
const { HAPServerEventTypes, PermissionTypes } = hap as {
  HAPServerEventTypes: { ACCESSORIES: HapNodeJs.HAPServerEventTypes.ACCESSORIES };
  PermissionTypes: { ADMIN: HapNodeJs.PermissionTypes };
};

async function main(): Promise<void> {
  const [user] = (await once(process, "message")) as [PairWith | "nobody"];
  const info = hap.AccessoryInfo.create("0E:11:22:33:44:55");
  info.pincode = "031-45-154";
  if (user !== "nobody") {
    info.addPairedClient(user.name, Buffer.from(user.publicKey, "hex"), PermissionTypes.ADMIN);
  }
  const server = new hap.HAPServer(info);
  server.on(HAPServerEventTypes.ACCESSORIES, (_connection, callback) => {
    callback(undefined, { accessories: [] });
  });
  const listening = once(server, "listening") as Promise<[number]>;
  server.listen(0, "127.0.0.1");
  const [port] = await listening;
  reply({
    port,
    pincode: info.pincode,
    username: info.username,
    signPk: Buffer.from(info.signPk).toString("hex"),
  });
  // Its timer costs CPU time: not before somebody asks.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const answer = (): void => {
    const { user: own, system } = process.cpuUsage();
    reply({ cpu: own + system, stall: delay.max / 1e6 });
  };
  process.on("message", (question) => {
    if (question !== "stall") {
      answer();
      return;
    }
    // The monitor's timer notices a stall after it is over.
    setTimeout(() => {
      answer();
      delay.enable();
      delay.reset();
    }, 10);
  });
  process.once("disconnect", () => process.exit());
}

function reply(message: Serving | Usage): void {
  process.send?.(message);
}

void main();
