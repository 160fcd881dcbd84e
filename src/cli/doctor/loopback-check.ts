/**
 * The self-test of the whole way: a server on loopback and a controller on a socket, a switch to encryption, an encrypted
 * request and an event.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import {
  deriveSessionKeys,
  EventedHTTPServer,
  FrameOpener,
  FrameSealer,
  type EngineName,
  type SessionKeys,
} from "../../index";

/** Milliseconds after which the session is given up: it takes a few on a small board. */
const PATIENCE = 10_000;

const LOOPBACK = "127.0.0.1";
const AID = 1;
const IID = 9;
const RESPONSE = "HTTP/1.1 200 OK";
const EVENT = "EVENT/1.0 200 OK";

/** @throws Error that names the failed step. */
export async function checkLoopbackSession(engine: EngineName): Promise<void> {
  const keys = deriveSessionKeys(randomBytes(32));
  const server = createServer(engine, keys);
  try {
    server.listen(0, LOOPBACK);
    const [port] = (await once(server, "listening")) as [port: number, address: string];
    const controller = new LoopbackController(port);
    try {
      controller.send("POST /pair-verify");
      await controller.receive(RESPONSE, "verified");
      controller.secure(keys, engine);
      controller.send("GET /subscribe");
      await controller.receive(RESPONSE, "subscribed");
      server.broadcastEvent(AID, IID, true, undefined, true);
      await controller.receive(EVENT, '{"aid":1,"iid":9,"value":true}');
    } finally {
      controller.destroy();
    }
  } finally {
    server.destroy();
  }
}

/** A server as in the README: the switch to encryption, and a characteristic that every controller subscribes to. */
function createServer(engine: EngineName, keys: SessionKeys): EventedHTTPServer {
  const server = new EventedHTTPServer({ engine });
  server.on("request", (connection, request, response) => {
    if (request.url === "/pair-verify") {
      response.end("verified");
      connection.secure(keys);
      connection.connectionAuthenticated("doctor");
    } else {
      connection.enableEventNotifications(AID, IID);
      response.end("subscribed");
    }
  });
  return server;
}

/** A controller that asks for one thing at a time. */
class LoopbackController {
  readonly #socket: Socket;
  readonly #segments: AsyncIterator<Buffer>;
  readonly #timer: NodeJS.Timeout;
  #sealer: FrameSealer | undefined;
  #opener: FrameOpener | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: LOOPBACK, noDelay: true });
    this.#segments = this.#socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#timer = setTimeout(() => {
      this.#socket.destroy(new Error("the answer did not come in time"));
    }, PATIENCE);
  }

  /** Speaks through the secured session from here on. */
  secure(keys: SessionKeys, engine: EngineName): void {
    this.#sealer = new FrameSealer(keys.controllerToAccessoryKey, { engine });
    this.#opener = new FrameOpener(keys.accessoryToControllerKey, { engine });
  }

  send(request: string): void {
    const bytes = Buffer.from(`${request} HTTP/1.1\r\nHost: doctor\r\nContent-Length: 0\r\n\r\n`);
    this.#socket.write(this.#sealer?.seal(bytes) ?? bytes);
  }

  /** Waits for a message that begins with `start` and holds `content`. */
  async receive(start: string, content: string): Promise<void> {
    let text = "";
    while (!text.includes(content)) {
      const { value: segment, done } = (await this.#segments.next()) as IteratorResult<Buffer, undefined>;
      if (done === true) {
        throw new Error(`the connection was closed before ${content} came`);
      }
      if (this.#opener !== undefined && segment.includes(start)) {
        throw new Error("a message of the secured session came in plaintext");
      }
      text += (this.#opener?.open(segment) ?? segment).toString();
    }
    if (!text.startsWith(start)) {
      throw new Error(`a message begins with ${JSON.stringify(text.slice(0, start.length))}`);
    }
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }
}
