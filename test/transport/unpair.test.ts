/** destroyExistingConnectionsAfterUnpair: the initiator gets its response whole, all others are closed at once. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";

import { EventedHTTPServer } from "hapwire";

import { Harness, transportEngines, whenClosed } from "../support/harness";

const LARGE = "x".repeat(2 * 1024 * 1024);

for (const engine of transportEngines()) {
  describe(`unpair (${engine})`, () => {
    it("lets the initiator's large response out whole, then closes", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      harness.handler = (_request, response) => {
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
        assert.ok(!connection.isAuthenticated(), "an unpaired connection still counts as authenticated");
        response.end(LARGE);
      };
      const closed = whenClosed(connection);
      assert.equal((await controller.get("/pairings")).body.length, LARGE.length);
      await Promise.all([closed, controller.closed]);
      assert.equal(connection.closeReason, undefined);
    });

    it("lets the initiator's streamed response out whole, and sends no event after it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.handler = (_request, response) => {
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
        response.write("first", () => {
          harness.server.broadcastEvent(1, 9, 1, undefined, true);
          setImmediate(() => response.end("last"));
        });
      };
      assert.equal((await controller.get("/pairings")).body.toString(), "firstlast");
      await controller.closed;
      assert.deepEqual(controller.events, []);
    });

    it("sends the initiator's response even if events pile up that it no longer gets", async (t) => {
      const harness = await Harness.start(t, { engine, maxQueuedEvents: 2 });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.handler = (_request, response) => {
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
        for (const value of [1, 2, 3, 4]) {
          harness.server.broadcastEvent(1, 9, value, undefined, true);
        }
        setImmediate(() => response.end("done"));
      };
      assert.equal((await controller.get("/pairings")).body.toString(), "done");
      await controller.closed;
      assert.equal(connection.closeReason, undefined);
    });

    it("closes the user's other connections at once, those in a request too, and nobody else's", async (t) => {
      const harness = await Harness.start(t, { engine });
      const initiator = await harness.connectSecured("alice");
      const idle = await harness.connectSecured("alice");
      const busy = await harness.connectSecured("alice");
      const other = await harness.connectSecured("bob");
      const pending = new Promise<ServerResponse>((resolve) => {
        harness.handler = (_request, response) => {
          resolve(response);
        };
      });
      busy.controller.send("GET", "/slow");
      const slowResponse = await pending;

      let answer: ServerResponse | undefined;
      const asked = new Promise<void>((resolve) => {
        harness.handler = (_request, response) => {
          answer = response;
          EventedHTTPServer.destroyExistingConnectionsAfterUnpair(initiator.connection, "alice");
          resolve();
        };
      });
      initiator.controller.send("POST", "/pairings");
      await asked;
      await Promise.all([idle.controller.closed, busy.controller.closed]);
      slowResponse.end("too late");
      assert.ok(!initiator.controller.isClosed, "the initiator was closed before its response");
      answer?.end("removed");
      assert.equal((await initiator.controller.nextResponse()).body.toString(), "removed");
      await initiator.controller.closed;

      harness.handler = (_request, response) => response.end();
      assert.equal((await other.controller.get("/")).status, 200);
      assert.equal(harness.server.connections.size, 1);
    });

    it("leaves the initiator open if another user's pairing was removed", async (t) => {
      const harness = await Harness.start(t, { engine });
      const admin = await harness.connectSecured("admin");
      const guest = await harness.connectSecured("guest");
      harness.handler = (_request, response) => {
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(admin.connection, "guest");
        response.end();
      };
      await admin.controller.get("/pairings");
      await guest.controller.closed;
      harness.handler = (_request, response) => response.end();
      assert.equal((await admin.controller.get("/")).status, 200);
    });

    it("knows a connection by the name that it authenticated with last", async (t) => {
      const harness = await Harness.start(t, { engine });
      const admin = await harness.connectSecured("admin");
      const moved = await harness.connectSecured("old");
      moved.connection.connectionAuthenticated("new");
      harness.handler = (_request, response) => response.end();
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(admin.connection, "old");
      assert.equal((await moved.controller.get("/")).status, 200);
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(admin.connection, "new");
      await moved.controller.closed;
      assert.equal((await admin.controller.get("/")).status, 200);
    });

    it("closes an initiator that is in no request, rather than leave it half alive", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
      await controller.closed;
    });
  });
}
