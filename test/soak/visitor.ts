/** A visitor is one controller after the other. Each connects, acts at random, and leaves in one of several ways. */

import { setTimeout as sleep } from "node:timers/promises";

import { Disconnected } from "#bench/harness/controller-connection";

import type { Random } from "../support/random";
import { Client } from "./client";
import { CHARACTERISTICS, CONTENT, LAST_IID } from "./messages";

/** Controllers of one user. Removing the pairing disconnects all of them. */
const VISITORS_OF_A_USER = 4;
const SUBSCRIPTIONS = 10;
/** Requests of 1 MB. Their answers exceed the kernel's buffers, so that the server has to keep the rest. */
const STALL_REQUESTS = 60;

type Action = "wait" | "small" | "large" | "streamed" | "echo" | "write" | "stall";
const ACTIONS: readonly [Action, ...Action[]] = [
  ...(["wait", "wait", "wait", "wait", "small", "small", "small", "write", "write"] as const),
  ...(["echo", "large", "streamed", "stall"] as const),
];

type End =
  | "fin"
  | "reset"
  | "half a frame"
  | "forged frame"
  | "half a request"
  | "never answered"
  | "unpair"
  | "stall";
const ENDS: readonly [End, ...End[]] = [
  ...(["fin", "fin", "fin", "reset", "reset", "half a frame", "forged frame"] as const),
  ...(["half a request", "never answered", "unpair", "stall"] as const),
];

const HALF_A_REQUEST = Buffer.from("PUT /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345");
/** Has the length that it states, but is not sealed with the key. */
const FORGED_FRAME = Buffer.concat([Buffer.of(16, 0), Buffer.alloc(32, 0x5a)]);

/** The counts of all visitors. */
export interface Counters {
  requests: number;
  /** Events of connections that have closed. */
  events: number;
  /** Forged frames. No more connections than this may fail authentication. */
  forged: number;
  readonly faults: string[];
}

export class Visitor {
  readonly #port: number;
  readonly #number: number;
  readonly #random: Random;
  readonly #counters: Counters;
  #visits = 0;
  #settling = false;
  #client: Client | undefined;

  constructor(port: number, number: number, random: Random, counters: Counters) {
    this.#port = port;
    this.#number = number;
    this.#random = random;
    this.#counters = counters;
  }

  /** The connected controller, undefined between two of them. */
  get client(): Client | undefined {
    return this.#client;
  }

  /** The id of the connected controller. */
  get id(): string {
    return `${String(this.#number)}.${String(this.#visits)}`;
  }

  /** Keeps the connected controller, which sends no more requests. */
  settle(): void {
    this.#settling = true;
  }

  /** A method, because TypeScript takes a field for unchanged across an `await`. */
  #isSettling(): boolean {
    return this.#settling;
  }

  /** Resolves when the visitor has settled. */
  async run(): Promise<void> {
    while (!this.#isSettling()) {
      this.#visits += 1;
      try {
        await this.#visit();
      } catch (error) {
        if (!(error instanceof Disconnected)) {
          this.#counters.faults.push(error instanceof Error ? error.message : String(error));
        }
      }
      if (this.#isSettling() && this.#client?.socket.destroyed === false) {
        return;
      }
      await this.#leave();
    }
  }

  async #visit(): Promise<void> {
    const random = this.#random;
    await sleep(random.between(0, 1000));
    const client = await Client.connect(this.#port).catch(() => {
      throw new Disconnected();
    });
    this.#client = client;
    const username = `user ${String(Math.floor(this.#number / VISITORS_OF_A_USER))}`;
    const isSilent = random.chance(0.05);
    await client.verify(this.id, username, isSilent ? [] : this.#subscriptions());
    if (isSilent) {
      // The server closes an idle connection without subscriptions.
      await this.#stayUntilClosed(client);
      return;
    }
    for (let actions = random.between(1, 120); actions > 0 && !this.#isSettling(); actions -= 1) {
      await this.#act(client, random.pick(ACTIONS));
    }
    if (!this.#isSettling()) {
      await this.#end(client, random.pick(ENDS));
      client.socket.destroy();
    }
  }

  #subscriptions(): number[] {
    const iids = Array.from({ length: SUBSCRIPTIONS }, () => this.#random.between(1, CHARACTERISTICS));
    return [...new Set([...iids, LAST_IID])];
  }

  /** Closes the connection, and adds its events to the counts. */
  async #leave(): Promise<void> {
    const client = this.#client;
    if (client === undefined) {
      return;
    }
    client.socket.destroy();
    await client.closed;
    this.#counters.events += client.tally.count;
    this.#client = undefined;
  }

  async #act(client: Client, action: Action): Promise<void> {
    const random = this.#random;
    switch (action) {
      case "wait":
        await sleep(random.between(50, 500));
        break;
      case "small":
        await this.#fetch(client, "content", random.between(1, 500));
        break;
      case "large":
        await this.#fetch(client, "content", random.between(50_000, CONTENT.length));
        break;
      case "streamed":
        await this.#fetch(client, "streamed", random.between(1, 300_000));
        break;
      case "echo":
        await this.#echo(client, CONTENT.subarray(0, random.between(1, 100_000)));
        break;
      case "write":
        await client.fetch("PUT", `/write/${String(random.between(1, CHARACTERISTICS))}`);
        this.#counters.requests += 1;
        break;
      case "stall":
        await this.#stall(client);
        break;
    }
    if (client.failure !== undefined) {
      throw client.failure;
    }
  }

  async #fetch(client: Client, kind: string, length: number): Promise<void> {
    const { body } = await client.fetch("GET", `/${kind}/${String(length)}`);
    this.#check(body, CONTENT.subarray(0, length), kind);
  }

  async #echo(client: Client, sent: Buffer): Promise<void> {
    const { body } = await client.fetch("PUT", "/echo", { body: sent });
    this.#check(body, sent, "echo");
  }

  #check(body: Buffer, expected: Buffer, what: string): void {
    this.#counters.requests += 1;
    if (!body.equals(expected)) {
      throw new Error(
        `${what}: ${String(body.length)} bytes came that differ from the ${String(expected.length)} sent`,
      );
    }
  }

  /** Stops reading for a moment during a response, which must come whole. */
  async #stall(client: Client): Promise<void> {
    client.socket.pause();
    const length = CONTENT.length;
    const answer = client.fetch("GET", `/content/${String(length)}`);
    // Nobody awaits it yet if it fails.
    answer.catch(() => undefined);
    await sleep(this.#random.between(500, 4000));
    client.socket.resume();
    this.#check((await answer).body, CONTENT.subarray(0, length), "stall");
  }

  async #end(client: Client, end: End): Promise<void> {
    switch (end) {
      case "fin":
        client.socket.end();
        break;
      case "reset":
        client.send("GET", `/content/${String(CONTENT.length)}`);
        await sleep(this.#random.between(0, 5));
        client.socket.resetAndDestroy();
        break;
      case "half a frame":
        client.socket.write(client.seal(HALF_A_REQUEST).subarray(0, 20));
        await sleep(10);
        client.socket.resetAndDestroy();
        break;
      case "forged frame":
        this.#counters.forged += 1;
        client.socket.write(FORGED_FRAME);
        await this.#stayUntilClosed(client);
        break;
      case "half a request":
        client.write(HALF_A_REQUEST);
        await this.#stayUntilClosed(client);
        break;
      case "never answered":
        client.send("GET", "/never");
        await sleep(this.#random.between(10, 2000));
        break;
      case "unpair":
        await this.#fetch(client, "unpair", 200_000);
        await this.#stayUntilClosed(client);
        break;
      case "stall":
        await this.#stallForGood(client);
        break;
    }
  }

  async #stallForGood(client: Client): Promise<void> {
    client.socket.pause();
    for (let request = 0; request < STALL_REQUESTS; request += 1) {
      client.send("GET", `/content/${String(CONTENT.length)}`);
    }
    // A paused socket does not see its end: wait for longer than the server's stall timeout.
    for (let waited = 0; waited < 12_000 && !this.#isSettling(); waited += 500) {
      await sleep(500);
    }
    client.socket.destroy();
  }

  /** Waits until the server closes the connection, or until this visitor has to settle. */
  async #stayUntilClosed(client: Client): Promise<void> {
    while (!client.socket.destroyed && !this.#isSettling()) {
      await Promise.race([client.closed, sleep(1000)]);
    }
    client.socket.destroy();
  }
}
