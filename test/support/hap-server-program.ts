/**
 * A program: HAP-NodeJS's `HAPServer` on loopback, paired with one user, under the preload or not.
 *
 * `node [--require …/register.js] hap-server-program.js PACKAGE`, started with an IPC channel: the first message is the
 * user to pair with, the answer says where the server is; each later one is answered with the CPU time used so far.
 */

import { once } from "node:events";
import { createRequire } from "node:module";

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
  readonly username: string;
  /** In hex. */
  readonly signPk: string;
}

/** Microseconds of CPU time since the process started. */
export type CpuTime = number;

const [, , packageName = ""] = process.argv;
const hap = createRequire(__filename)(packageName) as typeof HapNodeJs;
/** The members of HAP-NodeJS's const enums: they are there at run time, but closed to `isolatedModules`. */
const { HAPServerEventTypes, PermissionTypes } = hap as {
  HAPServerEventTypes: { ACCESSORIES: HapNodeJs.HAPServerEventTypes.ACCESSORIES };
  PermissionTypes: { ADMIN: HapNodeJs.PermissionTypes };
};

async function main(): Promise<void> {
  const [{ name, publicKey }] = (await once(process, "message")) as [PairWith];
  const info = hap.AccessoryInfo.create("0E:11:22:33:44:55");
  info.addPairedClient(name, Buffer.from(publicKey, "hex"), PermissionTypes.ADMIN);
  const server = new hap.HAPServer(info);
  server.on(HAPServerEventTypes.ACCESSORIES, (_connection, callback) => {
    callback(undefined, { accessories: [] });
  });
  const listening = once(server, "listening") as Promise<[number]>;
  server.listen(0, "127.0.0.1");
  const [port] = await listening;
  reply({ port, username: info.username, signPk: Buffer.from(info.signPk).toString("hex") });
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    reply(user + system);
  });
  process.once("disconnect", () => process.exit());
}

function reply(message: Serving | CpuTime): void {
  process.send?.(message);
}

void main();
