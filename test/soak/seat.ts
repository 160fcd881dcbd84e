/** A seat is always taken by somebody: a controller comes, does this and that, goes in one way or another, and so on. */

import { setTimeout as sleep } from "node:timers/promises";

import { Disconnected } from "#bench/harness/controller-connection";

import type { Random } from "../support/random";
import { Client } from "./client";
import { CHARACTERISTICS, CONTENT, LAST_IID } from "./messages";

/** Controllers of one user, who can remove the pairing of all of them. */
const SEATS_OF_A_USER = 4;
const SUBSCRIPTIONS = 10;
/** Requests of 1 MB whose answers the kernel's buffers do not take: the server has to keep the rest. */
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
/** As long as it says, but nobody with the key has sealed it. */
const FORGED_FRAME = Buffer.concat([Buffer.of(16, 0), Buffer.alloc(32, 0x5a)]);

/** What all seats count together. */
export interface Counters {
  requests: number;
  /** Events of connections that are gone. */
  events: number;
  /** Frames that nobody with the key has sealed: so many connections may fail authentication, and no more. */
  forged: number;
  readonly faults: string[];
}

export class Seat {
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

  /** The controller that sits there; undefined while there is none. */
  get client(): Client | undefined {
    return this.#client;
  }

  /** Of the controller that sits there. */
  get id(): string {
    return `${String(this.#number)}.${String(this.#visits)}`;
  }

  /** The controller that sits there is to stay, and to keep still. */
  settle(): void {
    this.#settling = true;
  }

  /** A call, because it changes while something is awaited. */
  #isSettling(): boolean {
    return this.#settling;
  }

  /** Ends once settled. */
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
    const username = `user ${String(Math.floor(this.#number / SEATS_OF_A_USER))}`;
    const isSilent = random.chance(0.05);
    await client.verify(this.id, username, isSilent ? [] : this.#subscriptions());
    if (isSilent) {
      // The server puts an end to that.
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

  /** Notes what the connection that has ended leaves. */
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

  /** Stops reading for a moment, with a response on its way: nothing may be lost. */
  async #stall(client: Client): Promise<void> {
    client.socket.pause();
    const length = CONTENT.length;
    const answer = client.fetch("GET", `/content/${String(length)}`);
    // It may fail while nobody waits for it.
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
    // A paused socket does not notice its end: longer than the server's patience.
    for (let waited = 0; waited < 12_000 && !this.#isSettling(); waited += 500) {
      await sleep(500);
    }
    client.socket.destroy();
  }

  /** Until the server closes, or nobody is to be in the way any more. */
  async #stayUntilClosed(client: Client): Promise<void> {
    while (!client.socket.destroyed && !this.#isSettling()) {
      await Promise.race([client.closed, sleep(1000)]);
    }
    client.socket.destroy();
  }
}
