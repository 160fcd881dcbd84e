/** A busy bridge: controllers over TCP with encrypted traffic, events, refusals. */

import { once } from "node:events";

import {
  characteristicsAnswered,
  characteristicsAsked,
  CharacteristicsRequest,
  nameBridge,
} from "#src/status/trouble/characteristics";
import { EventedHTTPServer, type HAPConnection } from "hapwire";

import { Controller } from "./controller";
import { randomKeys } from "./harness";
import { portOf } from "./port";

/** Made-up pairing identifiers in the form of iOS. */
const USERNAMES = [
  "3F9A2C71-6B0E-4D5D-9C1A-8E2F70B4D613",
  "B27E4D90-15C8-4A6F-8F3B-0D9C5E7A1F42",
  "D81C6E35-9A47-4B20-A5E6-7C3F1B8D0E94",
];
const CHARACTERISTICS = 20;

export class BusyBridge {
  readonly server = new EventedHTTPServer();
  readonly controllers: Controller[] = [];
  /** Milliseconds that the slowest accessory takes for an answer. */
  delay = 0;
  readonly #keys = randomKeys();
  #round = 0;

  /** Starts the bridge on loopback. If `port` is 0, the system chooses one. */
  static async start(port = 0): Promise<BusyBridge> {
    const bridge = new BusyBridge();
    bridge.server.on("request", (connection, request, response) => {
      bridge.#verified(connection, request.url ?? "");
      const characteristics = Array.from({ length: CHARACTERISTICS }, (_, i) => ({
        aid: 1,
        iid: 9 + i,
        value: i,
      }));
      const answer = (): unknown => response.end(JSON.stringify({ characteristics }));
      if (bridge.delay === 0) {
        answer();
        return;
      }
      const asked = new CharacteristicsRequest("read", CHARACTERISTICS);
      characteristicsAsked.publish({ connection, asked });
      setTimeout(() => {
        characteristicsAnswered.publish({ connection, asked, errors: asked.answered(characteristics) });
        answer();
      }, bridge.delay);
    });
    nameBridge(bridge.server, {
      name: "Homebridge",
      find: () => ({ accessory: "Hallway Lamp", characteristic: "Brightness" }),
      isAdmin: (username) => username === USERNAMES[0],
    });
    bridge.server.listen(port, "127.0.0.1");
    await once(bridge.server, "listening");
    return bridge;
  }

  /** The pairing identifiers of the controllers. No page may show them. */
  static get usernames(): readonly string[] {
    return USERNAMES;
  }

  /** The session keys, in the encodings that a page might print. No page may show them. */
  get secrets(): string[] {
    return Object.values(this.#keys).flatMap((key: Buffer) => [key.toString("hex"), key.toString("base64")]);
  }

  /** Connects a controller, verifies and subscribes it. */
  async connect(): Promise<Controller> {
    const controller = await Controller.connect(portOf(this.server));
    const index = this.controllers.push(controller) - 1;
    await controller.fetch("POST", `/pair-verify?${String(index % USERNAMES.length)}`);
    controller.secure(this.#keys);
    await controller.get("/subscribe");
    return controller;
  }

  /** Sends bytes that are not HTTP. The server refuses them and closes the connection. */
  async annoy(): Promise<void> {
    const stranger = await Controller.connect(portOf(this.server));
    stranger.write("THIS IS NO HTTP\r\n\r\n");
    await stranger.closed;
  }

  /** Every controller reads; some characteristics change, the last one twice to the same value. */
  async round(): Promise<void> {
    this.#round += 1;
    const last = 1 + (this.#round % CHARACTERISTICS);
    for (let i = 0; i < last; i += 1) {
      this.server.broadcastEvent(1, 9 + i, this.#round);
    }
    this.server.broadcastEvent(1, 8 + last, this.#round);
    for (const controller of this.controllers) {
      controller.send("GET", "/characteristics");
      await controller.responseAfterEvents();
    }
  }

  stop(): void {
    for (const controller of this.controllers) {
      controller.destroy();
    }
    this.server.destroy();
  }

  #verified(connection: HAPConnection, url: string): void {
    const username = USERNAMES[Number(/^\/pair-verify\?(\d)$/.exec(url)?.[1])];
    if (username !== undefined) {
      connection.secure(this.#keys);
      connection.connectionAuthenticated(username);
    } else if (url === "/subscribe") {
      for (let i = 0; i < CHARACTERISTICS; i += 1) {
        connection.enableEventNotifications(1, 9 + i);
      }
    }
  }
}
