/** The large cases: a burst to many connections, and events fired into large responses. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines } from "../support/harness";

const RESPONSE_LENGTH = 2 * 1024 * 1024;
const PARTS = 16;

for (const engine of transportEngines()) {
  describe(`large cases (${engine})`, () => {
    it("1,500 changes to 32 connections: each gets all, in order, in one message", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pairs = await harness.connectMany(32);
      const ids = Array.from({ length: 1500 }, (_, index) => ({
        aid: 1 + Math.floor(index / 10),
        iid: 1 + (index % 10),
      }));
      for (const { connection } of pairs) {
        ids.forEach(({ aid, iid }) => {
          connection.enableEventNotifications(aid, iid);
        });
      }
      ids.forEach(({ aid, iid }, index) => {
        harness.server.broadcastEvent(aid, iid, index);
      });
      clock.advance(250);
      const expected = ids.map((id, value) => ({ ...id, value }));
      for (const { controller, connection } of pairs) {
        assert.deepEqual(await controller.receiveEvents(expected.length), expected);
        assert.equal(controller.eventMessages.length, 1);
        assert.equal(connection.stats().eventsDelivered, expected.length);
      }
    });

    for (const isStreamed of [false, true]) {
      it(`2 MB responses, ${isStreamed ? "streamed" : "whole"}, on 20 connections, with immediate events in their middle`, async (t) => {
        const harness = await Harness.start(t, { engine });
        const pairs = await harness.connectMany(20);
        pairs.forEach(({ connection }) => {
          connection.enableEventNotifications(1, 9);
        });
        let fired = 0;
        const fire = (): void => {
          fired += 1;
          harness.server.broadcastEvent(1, 9, fired, undefined, true);
        };
        harness.handler = (request, response) => {
          const body = Buffer.alloc(RESPONSE_LENGTH, String(request.url).slice(1));
          if (!isStreamed) {
            response.end(body);
            fire();
            return;
          }
          const partLength = RESPONSE_LENGTH / PARTS;
          const writePart = (part: number): void => {
            if (part === PARTS) {
              response.end();
              return;
            }
            response.write(body.subarray(part * partLength, (part + 1) * partLength), () => {
              fire();
              writePart(part + 1);
            });
          };
          writePart(0);
        };
        pairs.forEach(({ controller }, index) => {
          controller.send("GET", `/${String.fromCharCode(97 + index)}`);
        });
        for (const [index, { controller }] of pairs.entries()) {
          const response = (await controller.responseAfterEvents()).body;
          assert.ok(
            response.equals(Buffer.alloc(RESPONSE_LENGTH, String.fromCharCode(97 + index))),
            "a response is damaged",
          );
        }
        const expected = Array.from({ length: isStreamed ? 20 * PARTS : 20 }, (_, index) => index + 1);
        for (const { controller } of pairs) {
          const events = await controller.receiveEvents(expected.length);
          assert.deepEqual(
            events.map(({ value }) => value),
            expected,
          );
        }
      });
    }
  });
}
