/**
 * A program: HAP-NodeJS's `HAPServer` on loopback, paired with one user, under the preload or not.
 *
 * `node [--require …/register.js] hap-server-program.js PACKAGE`, started with an IPC channel: the message is the user to
 * pair with, the answer is the server's address. The program ends when the channel closes.
 */

import { once } from "node:events";
import { createRequire } from "node:module";

import type * as HapNodeJs from "@homebridge/hap-nodejs";

/** The user that the server is paired with. */
export interface PairWith {
  readonly name: string;
  /** In hex. */
  readonly publicKey: string;
}

/** Address and identity of the server. */
export interface Serving {
  readonly port: number;
  readonly username: string;
  /** In hex. */
  readonly signPk: string;
}

const [, , packageName = ""] = process.argv;
const hap = createRequire(__filename)(packageName) as typeof HapNodeJs;
/** The members of HAP-NodeJS's const enums: they are there at run time, but closed to `isolatedModules`. */
const { HAPServerEventTypes, PermissionTypes } = hap as {
  HAPServerEventTypes: { ACCESSORIES: HapNodeJs.HAPServerEventTypes.ACCESSORIES };
  PermissionTypes: { ADMIN: HapNodeJs.PermissionTypes };
};

async function main(): Promise<void> {
  const [user] = (await once(process, "message")) as [PairWith];
  const info = hap.AccessoryInfo.create("0E:11:22:33:44:55");
  info.addPairedClient(user.name, Buffer.from(user.publicKey, "hex"), PermissionTypes.ADMIN);
  const server = new hap.HAPServer(info);
  server.on(HAPServerEventTypes.ACCESSORIES, (_connection, callback) => {
    callback(undefined, { accessories: [] });
  });
  const listening = once(server, "listening") as Promise<[number]>;
  server.listen(0, "127.0.0.1");
  const [port] = await listening;
  const serving: Serving = {
    port,
    username: info.username,
    signPk: Buffer.from(info.signPk).toString("hex"),
  };
  process.send?.(serving);
  process.once("disconnect", () => process.exit());
}

void main();
