/** An accessory on hapwire alone for tests: its server, its pairings, and the controllers that pair with it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { TestContext } from "node:test";

import PairingProtocol, { type PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";
import { EventedHTTPServer, type EngineName } from "hapwire";
import { AccessoryPairing, MemoryStorage, type PairingStorage, type RequestHandler } from "hapwire/pairing";

import { decodeTlv, encodeTlv, type TlvItems } from "#src/pairing/tlv";
import { Type } from "#src/pairing/protocol";
import { SigningKey } from "#src/pairing/pairing-crypto";
import { checkState, createState, type PairingState } from "#src/pairing/state";

import { ManualClock } from "./clock";
import { Controller } from "./controller";
import type { Pair } from "./harness";
import { postTlv, User, verifyPairing } from "./pairing";
import { portOf } from "./port";

export const SETUP_CODE = "482-91-573";
const LOOPBACK = "127.0.0.1";

export interface HomeOptions {
  readonly engine?: EngineName;
  readonly storage?: PairingStorage;
  readonly handler?: RequestHandler;
}

/** An answer to a pairing request. */
export interface TlvAnswer {
  readonly status: number;
  readonly items: TlvItems;
  /** The state and the error, if any. */
  readonly outcome: readonly [state: number | undefined, error: number | undefined];
}

export class AccessoryHome {
  readonly server: EventedHTTPServer;
  readonly pairing: AccessoryPairing;
  readonly storage: PairingStorage;
  readonly clock: ManualClock;
  readonly #clients: HttpClient[] = [];
  readonly #controllers: Controller[] = [];

  private constructor(
    server: EventedHTTPServer,
    pairing: AccessoryPairing,
    storage: PairingStorage,
    clock: ManualClock,
  ) {
    this.server = server;
    this.pairing = pairing;
    this.storage = storage;
    this.clock = clock;
  }

  /** Starts an accessory on loopback; it ends with the test. */
  static async open(t: TestContext, options: HomeOptions = {}): Promise<AccessoryHome> {
    const { engine, storage = new MemoryStorage() } = options;
    const handler: RequestHandler =
      options.handler ?? ((_connection, _request, response) => response.end("{}"));
    const clock = new ManualClock();
    const server = new EventedHTTPServer({ clock, ...(engine && { engine }) });
    const pairing = await AccessoryPairing.open({ storage, clock, setupCode: SETUP_CODE });
    pairing.attach(server, handler);
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    const home = new AccessoryHome(server, pairing, storage, clock);
    t.after(async () => home.#close());
    return home;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => client.close()));
    for (const controller of this.#controllers) {
      controller.destroy();
    }
    this.server.stop();
    await this.server.close();
    assert.equal(this.clock.pending, 0, "the stopped accessory left timers behind");
  }

  /** The state in the storage. */
  async state(): Promise<PairingState> {
    return checkState(await this.storage.load());
  }

  /** A controller by hap-controller. */
  client(pairing?: PairingData): HttpClient {
    const client = new HttpClient(this.pairing.accessoryId, LOOPBACK, portOf(this.server), pairing, {
      usePersistentConnections: true,
      subscriptionsUseSameConnection: true,
    });
    this.#clients.push(client);
    return client;
  }

  /** A connection in plaintext. */
  async connect(): Promise<Pair> {
    const controller = await Controller.connect(portOf(this.server), LOOPBACK);
    this.#controllers.push(controller);
    const { localPort } = controller.socket;
    for (;;) {
      const connection = [...this.server.connections].find(({ remotePort }) => remotePort === localPort);
      if (connection !== undefined) {
        return { controller, connection };
      }
      await once(this.server, "connection-opened");
    }
  }

  /** Pairs by the setup code. @returns The controller's data. */
  async pair(): Promise<PairingData> {
    const client = this.client();
    await client.pairSetup(SETUP_CODE);
    return dataOf(client);
  }

  /** Adds a further user by an admin. @returns That user's data. */
  async add(admin: PairingData, isAdmin: boolean): Promise<PairingData> {
    const user = new User();
    await this.client(admin).addPairing(user.name, user.publicKey, isAdmin);
    return {
      ...user.pairingWith({ username: this.pairing.accessoryId, signPk: Buffer.alloc(32) }),
      AccessoryLTPK: admin.AccessoryLTPK,
    };
  }

  /** A connection that has verified. */
  async verify(pairing: PairingData): Promise<Pair> {
    const pair = await this.connect();
    await verifyPairing(pair.controller, pairing);
    return pair;
  }
}

/** An accessory that an admin is paired with. Faster than pairing, which takes a controller in JavaScript half a second. */
export async function openPaired(
  t: TestContext,
  options: HomeOptions = {},
): Promise<{ readonly home: AccessoryHome; readonly admin: PairingData }> {
  const user = new User();
  const state = createState();
  const controllers = [{ id: user.name, publicKey: user.publicKey.toString("hex"), isAdmin: true }];
  const storage = new MemoryStorage();
  await storage.save({ ...state, controllers });
  const home = await AccessoryHome.open(t, { ...options, storage });
  const { publicKey: signPk } = new SigningKey(Buffer.from(state.secretKey, "hex"));
  return { home, admin: user.pairingWith({ username: state.accessoryId, signPk }) };
}

/** The data that a paired controller must keep. */
export function dataOf(client: HttpClient): PairingData {
  const data = client.getLongTermData();
  assert.ok(data !== null);
  return data;
}

/** The pairing identifier of a controller. */
export function idOf(pairing: PairingData): string {
  return Buffer.from(pairing.iOSDevicePairingID, "hex").toString();
}

/** Posts items, and reads those of the answer. */
export async function post(
  controller: Controller,
  url: string,
  items: Parameters<typeof encodeTlv>[0] | Buffer,
): Promise<TlvAnswer> {
  const body = Buffer.isBuffer(items) ? items : encodeTlv(items);
  const message = await postTlv(controller, url, body);
  assert.equal(message.headers.get("content-type"), "application/pairing+tlv8");
  const answer = decodeTlv(message.body);
  assert.ok(answer !== undefined);
  const outcome = [answer.get(Type.State)?.[0], answer.get(Type.Error)?.[0]] as const;
  return { status: message.status, items: answer, outcome };
}

/** M1 to M4 by hap-controller. @returns Its side of the protocol, which can go on with M5. */
export async function setUpToM4(controller: Controller, setupCode = SETUP_CODE): Promise<PairingProtocol> {
  const protocol = new PairingProtocol();
  const m2 = await postTlv(controller, "/pair-setup", await protocol.buildPairSetupM1());
  const m3 = await protocol.buildPairSetupM3(await protocol.parsePairSetupM2(m2.body), setupCode);
  const m4 = await postTlv(controller, "/pair-setup", m3);
  await protocol.parsePairSetupM4(m4.body);
  return protocol;
}
