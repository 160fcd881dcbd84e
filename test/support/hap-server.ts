/** HAP-NodeJS's `HAPServer` in a process of its own, under the preload or not, with a user who is paired with it. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { ROOT } from "./child";
import { Controller } from "./controller";
import type { PairWith, Serving, Usage } from "./hap-server-program";
import { postTlv, User, verifyPairing } from "./pairing";

export interface HapServerOptions {
  readonly packageName: "@homebridge/hap-nodejs" | "hap-nodejs";
  readonly preload: boolean;
  /** False for a server without a pairing. Default true. */
  readonly paired?: boolean;
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

  static async start({ packageName, preload, paired = true }: HapServerOptions): Promise<HapServerProcess> {
    const args = preload ? ["--require", path.join(ROOT, "register.js")] : [];
    const child = spawn(
      process.execPath,
      [...args, path.join(__dirname, "hap-server-program.js"), packageName],
      { env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    const user = new User();
    const answer = once(child, "message") as Promise<[Serving]>;
    const pairWith: PairWith = { name: user.name, publicKey: user.publicKey.toString("hex") };
    child.send(paired ? pairWith : "nobody");
    const [serving] = await answer;
    return new HapServerProcess(child, user, serving);
  }

  /** The setup code. */
  get pin(): string {
    return this.#serving.pincode;
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

  /** A new connection with as many requests as pair-verify has, of the same size, that are refused at once. */
  async visit(): Promise<Controller> {
    const controller = await this.connect();
    for (const size of [37, 150]) {
      await postTlv(controller, "/pair-verify", Buffer.alloc(size));
    }
    return controller;
  }

  /** Microseconds of CPU time that the server has used. */
  async cpuTime(): Promise<number> {
    return (await this.#ask("cpu")).cpu;
  }

  /** The longest stall of the server's event loop since the last call, in milliseconds. The first call begins. */
  async longestStall(): Promise<number> {
    return (await this.#ask("stall")).stall;
  }

  async #ask(question: "cpu" | "stall"): Promise<Usage> {
    const answer = once(this.#child, "message") as Promise<[Usage]>;
    this.#child.send(question);
    const [usage] = await answer;
    return usage;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }
}
