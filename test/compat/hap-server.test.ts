/** HAP-NodeJS's HAPServer by itself on hapwire: events that it broadcasts while it answers at length. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ServerHome } from "../support/hap-nodejs";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";

/** More than the system's buffers take at once: the controller has read some of it before the last of it was written. */
const TEXT = "x".repeat(16 * 1024 * 1024);

for (const engine of transportEngines()) {
  describe(`HAPServer (${engine})`, { timeout: patient(60_000) }, () => {
    it("sends events that come in the middle of a large response after it", async (t) => {
      const home = await ServerHome.open(t, engine);
      home.hapServer.on("accessories", (_connection, callback) => {
        callback(undefined, { accessories: [{ aid: 1, services: [], text: TEXT }] } as never);
      });
      const { controller, connection } = await home.verify(home.addUser());
      connection.enableEventNotifications(1, 9);
      let sent = 0;
      controller.socket.on("data", () => {
        if (connection.busy) {
          home.hapServer.sendEventNotifications(1, 9, sent, undefined, true);
          sent += 1;
        }
      });
      const { body } = await controller.get("/accessories");
      const { accessories } = JSON.parse(body.toString()) as { accessories: [{ text: string }] };
      assert.ok(accessories[0].text === TEXT, "the response is not what HAPServer was given");
      assert.ok(sent > 0, "the response had no middle");
      const events = await controller.receiveEvents(sent);
      assert.deepEqual(
        events.map(({ value }) => value),
        Array.from({ length: sent }, (_, value) => value),
      );
      assert.equal(
        controller.messages.findIndex(({ kind }) => kind === "event"),
        controller.messages.length - 1,
      );
    });

    it("sends events that come while it looks for its answer after that", async (t) => {
      const home = await ServerHome.open(t, engine);
      home.hapServer.on("accessories", (_connection, callback) => {
        home.hapServer.sendEventNotifications(1, 9, "first", undefined, true);
        setImmediate(() => {
          home.hapServer.sendEventNotifications(1, 9, "second", undefined, true);
          callback(undefined, { accessories: [] });
        });
      });
      const { controller, connection } = await home.verify(home.addUser());
      connection.enableEventNotifications(1, 9);
      assert.equal((await controller.get("/accessories")).body.toString(), '{"accessories":[]}');
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        ["second", "first"],
      );
    });

    it("answers requests in one segment one after the other, with the events behind them", async (t) => {
      const home = await ServerHome.open(t, engine);
      let answered = 0;
      home.hapServer.on("accessories", (_connection, callback) => {
        answered += 1;
        home.hapServer.sendEventNotifications(1, 9, answered, undefined, true);
        callback(undefined, { accessories: [{ aid: answered, services: [] }] });
      });
      const { controller, connection } = await home.verify(home.addUser());
      connection.enableEventNotifications(1, 9);
      const requests = Array.from({ length: 5 }, () => controller.request("GET", "/accessories"));
      controller.write(Buffer.concat(requests));
      for (const aid of [1, 2, 3, 4, 5]) {
        const { body } = await controller.nextResponse();
        assert.equal(body.toString(), JSON.stringify({ accessories: [{ aid, services: [] }] }));
      }
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        [5, 4, 3, 2, 1],
      );
    });
  });
}
