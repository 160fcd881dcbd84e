/**
 * A program: a server and its controllers on loopback, for runtimes that are tested without a test runner. An encrypted
 * request with a large answer, events, and an unpair. Writes the result of engineInfo() as JSON, or the error's code
 * and message if no engine can run. Ends with exit code 1 if anything else goes wrong.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { inspect } from "node:util";

import { EngineError, engineInfo, EventedHTTPServer, type HAPConnection, type SessionKeys } from "hapwire";

import { Controller } from "../support/controller";
import { randomKeys } from "../support/harness";
import { portOf } from "../support/port";

const AID = 1;
const IID = 9;
const LARGE = "x".repeat(300_000);

/** Keys of the connections that are about to be secured, in the order in which they come. */
const keys: SessionKeys[] = [];

function startServer(): EventedHTTPServer {
  const server = new EventedHTTPServer();
  server.on("request", (connection, request, response) => {
    switch (request.url) {
      case "/pair-verify":
        response.end("verified");
        secure(connection);
        break;
      case "/unpair":
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
        response.end(LARGE);
        break;
      default:
        connection.enableEventNotifications(AID, IID);
        response.end(LARGE);
    }
  });
  return server;
}

function secure(connection: HAPConnection): void {
  const next = keys.shift();
  assert.ok(next !== undefined);
  connection.secure(next);
  connection.connectionAuthenticated("user");
}

/** Connects, verifies, and subscribes with a request whose answer is large. */
async function connect(port: number): Promise<Controller> {
  const controller = await Controller.connect(port);
  const ours = randomKeys();
  keys.push(ours);
  assert.equal((await controller.fetch("POST", "/pair-verify")).body.toString(), "verified");
  controller.secure(ours);
  assert.equal((await controller.get("/accessories")).body.toString(), LARGE);
  return controller;
}

async function run(): Promise<void> {
  const server = startServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const initiator = await connect(portOf(server));
  const other = await connect(portOf(server));

  server.broadcastEvent(AID, IID, "first");
  server.broadcastEvent(AID, IID, "second", undefined, true);
  for (const controller of [initiator, other]) {
    assert.deepEqual(await controller.nextEvents(), [
      { aid: AID, iid: IID, value: "second" },
      { aid: AID, iid: IID, value: "first" },
    ]);
  }

  assert.equal((await initiator.get("/unpair")).body.toString(), LARGE);
  await Promise.all([initiator.closed, other.closed]);
  assert.ok(!Buffer.concat(initiator.received).includes("EVENT/1.0"), "an event came in plaintext");
  await server.close();
}

function write(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function report(error: unknown): void {
  if (error instanceof EngineError) {
    write({ code: error.code, message: error.message });
  } else {
    process.stderr.write(`${inspect(error)}\n`);
    process.exitCode = 1;
  }
}

run().then(() => {
  write(engineInfo());
}, report);
