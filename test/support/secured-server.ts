/** A server that secures its connections with keys given beforehand: for threads and processes without a test runner. */

import { once } from "node:events";

import { EventedHTTPServer, type ServerOptions, type SessionKeys } from "hapwire";

import { Controller } from "./controller";

/** The characteristic that every connection subscribes to with its first request. */
export const CHARACTERISTIC = { aid: 1, iid: 9 } as const;

/** Starts a server on loopback, on a port that the system chooses. */
export async function startSecuredServer(
  keys: SessionKeys,
  options: ServerOptions = {},
): Promise<EventedHTTPServer> {
  const server = new EventedHTTPServer(options);
  server.on("request", (connection, request, response) => {
    if (request.url === "/pair-verify") {
      response.end("verified");
      connection.secure(keys);
      connection.connectionAuthenticated("user");
    } else {
      connection.enableEventNotifications(CHARACTERISTIC.aid, CHARACTERISTIC.iid);
      response.end(`answer to ${request.url ?? ""}`);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Connects, verifies and subscribes. */
export async function connectSecured(port: number, keys: SessionKeys): Promise<Controller> {
  const controller = await Controller.connect(port);
  await controller.fetch("POST", "/pair-verify");
  controller.secure(keys);
  await controller.get("/subscribe");
  return controller;
}
