/** Controllers and handlers that misbehave or die, and a server that goes down around them. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import path from "node:path";
import { describe, it } from "node:test";

import { EventedHTTPServer } from "hapwire";

import { ManualClock } from "../support/clock";
import { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";

const LARGE = 16 * 1024 * 1024;

/** Sends a request and waits until the handler has it. */
async function ask(harness: Harness, { controller }: Pair): Promise<ServerResponse> {
  const asked = new Promise<ServerResponse>((resolve) => {
    harness.handler = (_request, response) => {
      resolve(response);
    };
  });
  controller.send("GET", "/");
  return asked;
}

for (const engine of transportEngines()) {
  describe(`peers (${engine})`, () => {
    it("a controller that resets in the middle of a frame is gone, and nobody else is", async (t) => {
      const harness = await Harness.start(t, { engine });
      const victim = await harness.connectSecured();
      const other = await harness.connectSecured();
      const gone = whenClosed(victim.connection);
      victim.controller.socket.write(
        victim.controller.seal(victim.controller.request("GET", "/")).subarray(0, 20),
      );
      victim.controller.socket.resetAndDestroy();
      await gone;
      assert.equal((await other.controller.get("/")).status, 200);
    });

    it("a controller that resets in the middle of a response is gone, and the handler hears of it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const response = await ask(harness, pair);
      pair.controller.socket.pause();
      response.write(Buffer.alloc(LARGE));
      const closed = once(response, "close");
      pair.controller.socket.resetAndDestroy();
      await closed;
      assert.equal(response.writableFinished, false);
    });

    it("a controller that vanishes while it is owed data is given up as one that stalls", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const response = await ask(harness, pair);
      pair.controller.socket.pause();
      response.end(Buffer.alloc(LARGE));
      const closed = once(response, "close");
      clock.advance(60_000);
      await closed;
      assert.equal(pair.connection.closeReason?.code, "ERR_HAPWIRE_STALLED");
      assert.deepEqual(harness.server.stats().closed, { ERR_HAPWIRE_STALLED: 1 });
    });

    it("a controller that reads a trickle is given up too: less than maxUnsentBytes in stallTimeout", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const response = await ask(harness, pair);
      const { socket } = pair.controller;
      socket.pause();
      response.end(Buffer.alloc(LARGE));
      const closed = whenClosed(pair.connection);
      for (let second = 0; second < 60; second += 1) {
        socket.read(1);
        clock.advance(1000);
      }
      await closed;
      assert.equal(pair.connection.closeReason?.code, "ERR_HAPWIRE_STALLED");
    });

    it("an async handler that rejects before it answers gets a 500 for the controller", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connect();
      harness.server.removeAllListeners("request");
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what users do
      harness.server.on("request", async () => {
        await Promise.resolve();
        throw new Error("rejected");
      });
      const warned = once(process, "warning") as Promise<[NodeJS.ErrnoException]>;
      assert.equal((await controller.get("/")).status, 500);
      assert.equal((await warned)[0].code, "ERR_HAPWIRE_HANDLER");
      assert.equal((await controller.get("/")).status, 500);
      assert.ok(connection.closeReason === undefined);
    });

    it("an async listener of a connection that rejects is handled as one of the server's", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      harness.handler = () => undefined;
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what users do
      connection.on("request", async () => Promise.reject(new Error("rejected")));
      const warned = once(process, "warning") as Promise<[NodeJS.ErrnoException]>;
      assert.equal((await controller.get("/")).status, 500);
      assert.equal((await warned)[0].code, "ERR_HAPWIRE_HANDLER");

      const fault = new Error("rejected as well");
      const failed = once(harness.server, "error");
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what users do
      connection.on("closed", async () => Promise.reject(fault));
      connection.close();
      assert.deepEqual(await failed, [fault]);
    });

    it("a handler that throws with half a response out closes the connection; after a whole one it does not", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      harness.handler = (_request, response) => {
        response.end("whole");
        response.writeHead(200);
      };
      assert.equal((await controller.get("/")).body.toString(), "whole");
      harness.handler = (_request, response) => {
        response.writeHead(200, { "Content-Length": 10 }).write("half");
        throw new Error("in the middle");
      };
      const closed = whenClosed(connection);
      controller.send("GET", "/");
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HANDLER");
    });

    it("unpairing a user with ten connections, two in a request and one stalled, closes all but the initiator at once", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const [initiator, stalled, busy, ...idle] = await harness.connectMany(10, "alice");
      const other = await harness.connectSecured("bob");
      assert.ok(initiator !== undefined && stalled !== undefined && busy !== undefined);
      const stalledResponse = await ask(harness, stalled);
      stalled.controller.socket.pause();
      stalledResponse.end(Buffer.alloc(LARGE));
      await ask(harness, busy);
      const answer = await ask(harness, initiator);

      const closed = [stalled, busy, ...idle].map(({ connection }) => whenClosed(connection));
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(initiator.connection, "alice");
      await Promise.all(closed);
      answer.end("removed");
      assert.equal((await initiator.controller.nextResponse()).body.toString(), "removed");
      await initiator.controller.closed;
      harness.handler = (_request, response) => response.end();
      assert.equal((await other.controller.get("/")).status, 200);
    });

    it("stop, close and destroy end a server in every state, twice over, and while it accepts", async (t) => {
      const ends: ((server: EventedHTTPServer) => void | Promise<void>)[] = [
        (server) => {
          server.stop();
        },
        (server) => {
          server.destroy();
        },
        async (server) => server.close({ deadline: 0 }),
      ];
      for (const end of ends) {
        const unstarted = new EventedHTTPServer({ engine });
        await end(unstarted);
        await end(unstarted);

        const starting = new EventedHTTPServer({ engine });
        starting.listen(0, "127.0.0.1");
        await end(starting);
        await end(starting);

        const harness = await Harness.start(t, { engine });
        const pairs = await harness.connectMany(3);
        const [busy] = pairs;
        assert.ok(busy !== undefined);
        await ask(harness, busy);
        const arriving = Controller.connect(harness.port).then(
          (controller) => controller.closed,
          () => undefined,
        );
        await end(harness.server);
        await end(harness.server);
        await Promise.all(pairs.map(({ controller }) => controller.closed));
        await arriving;
      }
    });

    it("runs out of descriptors, goes on, and recovers", async (t) => {
      const script = path.join(__dirname, "..", "support", "server-program.js");
      const child = spawn(
        "bash",
        ["-c", 'ulimit -n 64 && exec "$0" "$@"', process.execPath, script, engine],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      t.after(() => child.kill());
      const [port] = (await once(child.stdout, "data")) as [Buffer];
      const controllers: Controller[] = [];
      for (let i = 0; i < 100; i += 1) {
        controllers.push(await Controller.connect(Number(port)));
      }
      let served = 0;
      while (served <= 10) {
        served = Number((await controllers[0]?.get("/"))?.body);
      }
      assert.ok(served < 64, `${String(served)} connections within 64 descriptors`);
      controllers.forEach((controller) => {
        controller.destroy();
      });
      let connections = served;
      while (connections > 1) {
        // Turned away while the server has yet to notice that the others are gone.
        const controller = await Controller.connect(Number(port));
        const answer = await controller.get("/").catch(() => undefined);
        connections = Number(answer?.body ?? connections);
        controller.destroy();
      }
      assert.equal(child.exitCode, null);
    });
  });
}
