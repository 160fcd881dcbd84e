/**
 * The limit of events: a ready message is sealed for each connection, and written to its socket at once. No server could do
 * less and deliver the same bytes.
 */

import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

import { loadEngine } from "#src/engine/load";
import { OutputMemory } from "#src/transport/output-memory";

import { SESSION_KEYS, SUBSCRIBED, SUBSCRIBE, VERIFIED, VERIFY } from "../harness/home";
import type { FrameSealer } from "#src/engine/contract";
import type { BenchServer } from "./contract";

interface Connection {
  readonly socket: Socket;
  /** Missing until the controller has verified. */
  sealer?: FrameSealer;
}

export async function startServer(): Promise<BenchServer> {
  const engine = loadEngine("native");
  const connections = new Set<Connection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const connection: Connection = { socket };
    connections.add(connection);
    const opener = engine.createOpener(SESSION_KEYS.controllerToAccessoryKey, 0n);
    socket.on("data", (segment) => {
      if (connection.sealer === undefined) {
        expectRequest(segment, VERIFY);
        socket.write(responseWith(VERIFIED));
        connection.sealer = engine.createSealer(SESSION_KEYS.accessoryToControllerKey, 0n);
      } else {
        expectRequest(opener.open(segment), SUBSCRIBE);
        sendSealed(connection, responseWith(SUBSCRIBED));
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => connections.delete(connection));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size;
    },
    broadcast({ message }) {
      for (const connection of connections) {
        sendSealed(connection, message);
      }
    },
  };
}

/** Memory is used again when the kernel has taken its bytes: allocating would cost more. */
const memory = new OutputMemory();

function sendSealed({ socket, sealer }: Connection, message: Buffer): void {
  if (sealer !== undefined) {
    const frames = sealer.seal([message], message.length, memory);
    socket.write(frames);
    if (socket.writableLength === 0) {
      memory.free(frames);
    }
  }
}

/** A request is short and the controller waits for the response, so that it arrives in one segment. */
function expectRequest(bytes: Buffer, path: string): void {
  const line = bytes.toString("latin1", 0, bytes.indexOf("\r\n"));
  if (!line.split(" ")[1]?.startsWith(path)) {
    throw new Error(`expected a request for ${path}, not "${line}"`);
  }
}

function responseWith(body: string): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`);
}
