/** Real controllers: hap-controller's pairing and its HTTP connection, each connection through a {@link Tap}. */

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

// Its IP part alone: the package's entry would load Bluetooth too.
import PairingProtocol, { type PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";
import HttpConnection, { type HttpResponse } from "hap-controller/lib/transport/ip/http-connection";

import type { EventValue } from "./sequences";
import { LOOPBACK, Tap } from "./tap";
import { within } from "./wait";

const TLV = "application/pairing+tlv8";
const JSON_TYPE = "application/hap+json";

/** Milliseconds that hap-controller gets to read what a closed connection has brought. */
const LAST_WORDS = 2000;

/** What `/accessories` answers. */
export interface AttributeDatabase {
  accessories: { aid: number; services: { characteristics: DatabaseEntry[] }[] }[];
}

/** A characteristic in `/accessories`. */
export interface DatabaseEntry {
  iid: number;
  perms: string[];
  value?: unknown;
}

/** What the bridge says of one characteristic after a read or a write. */
export interface CharacteristicResult {
  aid: number;
  iid: number;
  value?: unknown;
  status?: number;
}

/** Someone with a pairing: all controllers of one person share it. */
export class User {
  private constructor(
    readonly name: string,
    readonly pairing: PairingData,
  ) {}

  /** Pairs with the bridge by its setup code. */
  static async pair(name: string, port: number, pincode: string): Promise<User> {
    const client = new HttpClient(name, LOOPBACK, port);
    await within("pair-setup", client.pairSetup(pincode));
    const pairing = client.getLongTermData();
    if (pairing === null) {
      throw new Error("pair-setup has left no keys");
    }
    return new User(name, pairing);
  }

  /** Makes a second user for a bridge that the first has paired with; yet to be added there. */
  static createFor(name: string, first: User): User {
    // Encoded as they are made: exporting them afterwards can hang Node 20, see docs/architecture.md.
    const keys = generateKeyPairSync("ed25519", {
      publicKeyEncoding: { format: "der", type: "spki" },
      privateKeyEncoding: { format: "der", type: "pkcs8" },
    });
    const [publicKey, seed] = [keys.publicKey.subarray(-32), keys.privateKey.subarray(-32)];
    return new User(name, {
      ...first.pairing,
      iOSDevicePairingID: Buffer.from(randomUUID()).toString("hex"),
      iOSDeviceLTSK: Buffer.concat([seed, publicKey]).toString("hex"),
      iOSDeviceLTPK: publicKey.toString("hex"),
    });
  }

  /** The pairing identifier, as the bridge has it. */
  get identifier(): Buffer {
    return Buffer.from(this.pairing.iOSDevicePairingID, "hex");
  }
}

/** One verified connection of a user's controller. */
export class ControllerConnection {
  /** Events received, oldest first. */
  readonly received: EventValue[] = [];
  /** Requests sent, pair-verify's too. */
  requests = 0;
  readonly #http: HttpConnection;
  readonly #pairing: PairingProtocol;

  private constructor(
    readonly name: string,
    readonly user: User,
    readonly tap: Tap,
  ) {
    this.#http = new HttpConnection(LOOPBACK, tap.port);
    this.#http.on("event", this.#handleEvent.bind(this));
    this.#pairing = new PairingProtocol(user.pairing);
  }

  /** Connects and does pair-verify. @throws Error where the bridge refuses. */
  static async open(name: string, user: User, bridgePort: number): Promise<ControllerConnection> {
    const connection = new ControllerConnection(name, user, await Tap.open(bridgePort));
    try {
      await within(`${name}: pair-verify`, connection.#verify());
    } catch (error) {
      connection.tap.destroy();
      throw error;
    }
    return connection;
  }

  /** Reads the whole attribute database. */
  async readAccessories(): Promise<AttributeDatabase> {
    const response = await this.#request("reading /accessories", () => this.#http.get("/accessories"));
    return parseJson(response, 200) as AttributeDatabase;
  }

  /** Reads characteristics, given as `aid.iid`. */
  async read(ids: readonly string[]): Promise<CharacteristicResult[]> {
    const response = await this.#request("reading", () =>
      this.#http.get(`/characteristics?id=${ids.join(",")}`),
    );
    return resultsOf(parseJson(response, 200));
  }

  /** Subscribes to the events of characteristics. Once for a connection: hap-controller stumbles over a second time. */
  async subscribe(ids: readonly string[]): Promise<void> {
    const body = JSON.stringify({ characteristics: ids.map((id) => ({ ...parseId(id), ev: true })) });
    const response = await this.#request("subscribing", () =>
      this.#http.put("/characteristics", body, JSON_TYPE, true),
    );
    expectStatus(response, 204);
  }

  /** Writes values. @returns What the bridge refused. */
  write(values: readonly EventValue[]): Promise<CharacteristicResult[]> {
    return this.#write({ characteristics: values.map(({ id, value }) => ({ ...parseId(id), value })) });
  }

  /** Writes values in the two steps that locks ask for. @returns What the bridge refused. */
  async timedWrite(values: readonly EventValue[], ttl: number): Promise<CharacteristicResult[]> {
    const pid = this.requests;
    const prepared = await this.#request("preparing a write", () =>
      this.#http.put("/prepare", JSON.stringify({ ttl, pid })),
    );
    expectStatus(prepared, 200);
    return this.#write({ characteristics: values.map(({ id, value }) => ({ ...parseId(id), value })), pid });
  }

  /** Adds a pairing to the bridge; only an admin may, and the new one is one. */
  async addPairing(user: User): Promise<void> {
    const publicKey = Buffer.from(user.pairing.iOSDeviceLTPK, "hex");
    const message = await this.#pairing.buildAddPairingM1(user.identifier.toString(), publicKey, true);
    const response = await this.#request("adding a pairing", () =>
      this.#http.post("/pairings", message, TLV),
    );
    await this.#pairing.parseAddPairingM2(response.body);
  }

  /**
   * Reads `/accessories`, and with the same segment removes the pairing that this connection lives by.
   *
   * @returns Both answers: what the bridge still owes before it may close the connection.
   */
  async readAccessoriesAndUnpair(): Promise<AttributeDatabase> {
    const message = await this.#pairing.buildRemovePairingM1(this.user.identifier);
    // hap-controller sends both and reads the first answer; the second one is read from the line.
    const requests = Buffer.concat([
      requestHead("GET", "/accessories"),
      requestHead("POST", "/pairings", message),
    ]);
    const [, answer] = [this.tap.nextResponse(), this.tap.nextResponse()];
    this.tap.expectResponses(2);
    this.requests += 2;
    const accessories = await this.#answerOf("reading while unpairing", this.#http.request(requests));
    const { body } = await this.#answerOf("unpairing", answer);
    await this.#pairing.parseRemovePairingM2(body);
    return parseJson(accessories, 200) as AttributeDatabase;
  }

  /** Closes the connection from the controller's side. */
  close(): void {
    this.#http.close();
  }

  async #verify(): Promise<void> {
    const pairing = this.#pairing;
    const second = await this.#http.post("/pair-verify", await pairing.buildPairVerifyM1(), TLV);
    await pairing.parsePairVerifyM2(second.body);
    const fourth = await this.#http.post("/pair-verify", await pairing.buildPairVerifyM3(), TLV);
    await pairing.parsePairVerifyM4(fourth.body);
    const keys = pairing.getSessionKeys();
    this.#http.setSessionKeys(keys);
    this.tap.secure(keys.AccessoryToControllerKey);
    this.requests += 2;
  }

  async #write(body: { characteristics: object[]; pid?: number }): Promise<CharacteristicResult[]> {
    const response = await this.#request("writing", () =>
      this.#http.put("/characteristics", JSON.stringify(body)),
    );
    return response.statusCode === 204
      ? []
      : resultsOf(parseJson(response, 207)).filter(({ status }) => status !== 0);
  }

  async #request(what: string, send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    this.tap.expectResponses(1);
    this.requests += 1;
    const response = await this.#answerOf(what, send());
    this.tap.release();
    return response;
  }

  /** Awaits an answer; hap-controller alone would wait for one from a connection that is closed. */
  #answerOf<T>(what: string, answer: Promise<T>): Promise<T> {
    const closed = this.tap.closed.then(async () => {
      // What came before the end is still on its way through hap-controller.
      await sleep(LAST_WORDS, undefined, { ref: false });
      const [fault = "the bridge closed the connection"] = this.tap.faults;
      throw new Error(`${this.name}: ${what}: ${fault}`);
    });
    return within(`${this.name}: ${what}`, Promise.race([answer, closed]));
  }

  #handleEvent(body: Buffer): void {
    const newestFirst = resultsOf(JSON.parse(body.toString()));
    for (const { aid, iid, value } of newestFirst.reverse()) {
      this.received.push({ id: `${String(aid)}.${String(iid)}`, value });
    }
  }
}

function requestHead(method: string, path: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const length = body.length > 0 ? `Content-Type: ${TLV}\r\nContent-Length: ${String(body.length)}\r\n` : "";
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${LOOPBACK}\r\n${length}\r\n`),
    body,
  ]);
}

function parseJson(response: HttpResponse, status: number): unknown {
  expectStatus(response, status);
  return JSON.parse(response.body.toString());
}

function expectStatus({ statusCode, body }: HttpResponse, expected: number): void {
  if (statusCode !== expected) {
    throw new Error(`the bridge answered ${String(statusCode)}, not ${String(expected)}: ${body.toString()}`);
  }
}

function resultsOf(json: unknown): CharacteristicResult[] {
  return (json as { characteristics: CharacteristicResult[] }).characteristics;
}

function parseId(id: string): { aid: number; iid: number } {
  const [aid, iid] = id.split(".").map(Number);
  return { aid: aid ?? 0, iid: iid ?? 0 };
}
