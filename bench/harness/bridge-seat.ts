/** The real bridge in a process of its own, with paired controllers in this one. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { HAPWIRE, PORTABLE, type Competitor } from "../contenders";
import type { EngineName } from "hapwire";

import type { BridgeAbout, BridgeSettings } from "./bridge";
import type { BridgeCommands } from "./bridge-process";
import { LeftOutError } from "./case";
import { Child } from "./child";
import { Controller } from "./controller";
import { LampCheck } from "./lamp-check";
import type { Id } from "./lamps";
import { User, type Accessory, type Post } from "./pairing";
import { findPeer, HAP_NODEJS } from "./peers";

const PROGRAM = path.join(__dirname, "bridge-process.js");
const TLV = "application/pairing+tlv8";
const JSON_TYPE = "application/hap+json";

export class BridgeSeat {
  readonly #child: Child<BridgeCommands>;
  readonly #storage: string;
  readonly #about: BridgeAbout;
  readonly #lamps: number;
  readonly users: readonly User[];
  readonly controllers: Controller[] = [];
  /** How often the characteristics have changed. */
  #revision = 0;

  private constructor(
    child: Child<BridgeCommands>,
    storage: string,
    about: BridgeAbout,
    lamps: number,
    users: readonly User[],
  ) {
    this.#child = child;
    this.#storage = storage;
    this.#about = about;
    this.#lamps = lamps;
    this.users = users;
  }

  /**
   * Starts the bridge.
   *
   * @param users - The number of users that are paired with the bridge.
   * @throws Error that says why the bridge cannot run.
   */
  static async start(competitor: Competitor, lamps: number, users: number): Promise<BridgeSeat> {
    if (findPeer(HAP_NODEJS) === undefined) {
      throw new LeftOutError(`${HAP_NODEJS} is not installed, and the bridge is made with it`);
    }
    const paired = Array.from({ length: users }, () => new User());
    const storage = mkdtempSync(path.join(tmpdir(), "hapwire-bench-"));
    const settings: BridgeSettings = {
      ...engineOf(competitor),
      lamps,
      storage,
      users: paired.map(({ id, publicKey }) => ({ id, publicKey: publicKey.toString("hex") })),
    };
    try {
      const { child, ready } = await Child.start<BridgeCommands>(PROGRAM, settings);
      return new BridgeSeat(child, storage, ready as BridgeAbout, lamps, paired);
    } catch (error) {
      rmSync(storage, { recursive: true, force: true });
      throw error;
    }
  }

  /** The bridge's commands. */
  get server(): Pick<Child<BridgeCommands>, "call"> {
    return this.#child;
  }

  /** The ids of the lamps' characteristics, in the order of their numbers. */
  get ids(): readonly Id[] {
    return this.#about.ids;
  }

  get setupCode(): string {
    return this.#about.setupCode;
  }

  /** Connects a controller of each user. */
  async connect(): Promise<void> {
    this.controllers.push(...(await Promise.all(this.users.map(async (user) => this.open(user)))));
  }

  /** Connects a further controller, through pair-verify. The caller closes it. */
  async open(user: User): Promise<Controller> {
    const controller = await this.openUnverified();
    const accessory: Accessory = {
      username: this.#about.username,
      publicKey: Buffer.from(this.#about.publicKey, "hex"),
    };
    controller.secure(await user.verify(postBy(controller), accessory));
    return controller;
  }

  /** Connects a controller in plaintext. The caller closes it. */
  async openUnverified(): Promise<Controller> {
    return Controller.connect(this.#about.port);
  }

  /** Subscribes all controllers to the first characteristics. */
  async subscribe(count: number): Promise<void> {
    const changes = this.ids.slice(0, count).map((id) => ({ ...id, ev: true }));
    await Promise.all(this.controllers.map(async (controller) => putCharacteristics(controller, changes)));
  }

  /** Changes the first characteristics at once, and waits until every controller has every event. */
  async change(count: number): Promise<void> {
    this.#revision += 1;
    const revision = this.#revision;
    const received = this.controllers.map(async (controller) =>
      controller.receive(new LampCheck(this.ids.slice(0, count), this.#lamps, revision)),
    );
    await Promise.all([...received, this.#child.call("change", { count, revision })]);
  }

  async close(): Promise<void> {
    for (const controller of this.controllers) {
      controller.close();
    }
    await this.#child.stop();
    rmSync(this.#storage, { recursive: true, force: true });
  }
}

function engineOf({ name }: Competitor): { engine?: EngineName } {
  switch (name) {
    case HAPWIRE:
      return { engine: "native" };
    case PORTABLE:
      return { engine: "portable" };
    default:
      return {};
  }
}

/** Posts messages of pairing over a connection. */
export function postBy(controller: Controller): Post {
  return async (url, body) =>
    (await controller.ask("POST", url, { headers: { "Content-Type": TLV }, body })).body;
}

/** Writes characteristics, or subscribes to them. */
export async function putCharacteristics(
  controller: Controller,
  characteristics: readonly (Id & { readonly value?: number; readonly ev?: boolean })[],
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ characteristics }));
  await controller.ask("PUT", "/characteristics", { headers: { "Content-Type": JSON_TYPE }, body });
}
