/** The limit of connections, memory and the start: Node's own HTTP server in plaintext, with the same responses. */

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import { Home } from "../harness/home";
import type { BenchServer, ServerSettings } from "./contract";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const home = new Home(settings.accessories);
  return startHttp((request, response) => {
    home.answer(request, response);
  });
}

/**
 * Starts an HTTP server that keeps its connections open, as an accessory does.
 *
 * @param prepare - Called with the socket of each connection.
 */
export async function startHttp(
  listener: RequestListener,
  prepare?: (socket: Socket) => void,
): Promise<BenchServer> {
  const server = createServer({ keepAliveTimeout: 0, noDelay: true, requestTimeout: 0 }, listener);
  server.timeout = 0;
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    prepare?.(socket);
    socket.on("close", () => (connections -= 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    broadcast() {
      throw new Error("a plain HTTP server has no events");
    },
  };
}
