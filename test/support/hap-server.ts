/** HAP-NodeJS's `HAPServer` in a process of its own, under the preload or not, with a user who is paired with it. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { ROOT } from "./child";
import { Controller } from "./controller";
import type { PairWith, Serving } from "./hap-server-program";
import { User, verifyPairing } from "./pairing";

export interface HapServerOptions {
  readonly packageName: "@homebridge/hap-nodejs" | "hap-nodejs";
  readonly preload: boolean;
}

export class HapServerProcess {
  readonly #user: User;
  readonly #child: ChildProcess;
  readonly #serving: Serving;

  private constructor(child: ChildProcess, user: User, serving: Serving) {
    this.#child = child;
    this.#user = user;
    this.#serving = serving;
  }

  static async start({ packageName, preload }: HapServerOptions): Promise<HapServerProcess> {
    const args = preload ? ["--require", path.join(ROOT, "register.js")] : [];
    const child = spawn(
      process.execPath,
      [...args, path.join(__dirname, "hap-server-program.js"), packageName],
      { env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    const user = new User();
    const answer = once(child, "message") as Promise<[Serving]>;
    const pairWith: PairWith = { name: user.name, publicKey: user.publicKey.toString("hex") };
    child.send(pairWith);
    const [serving] = await answer;
    return new HapServerProcess(child, user, serving);
  }

  /** A new connection, in plaintext. */
  async connect(): Promise<Controller> {
    return Controller.connect(this.#serving.port);
  }

  /** A new connection, verified. */
  async verify(): Promise<Controller> {
    const { username, signPk } = this.#serving;
    const controller = await this.connect();
    const keys = { username, signPk: Buffer.from(signPk, "hex") };
    await verifyPairing(controller, this.#user.pairingWith(keys));
    return controller;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }
}
