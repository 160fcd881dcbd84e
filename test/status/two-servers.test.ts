/** The records of two servers in one process stay apart: nobody's trouble is blamed on another bridge. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Reporter } from "#src/status/reporter";
import {
  characteristicsAnswered,
  characteristicsAsked,
  CharacteristicsRequest,
  nameBridge,
} from "#src/status/trouble/characteristics";

import { ManualClock } from "../support/clock";
import { Harness, whenClosed } from "../support/harness";
import { patient } from "../support/patience";

const DAY = 86_400_000;
/** Fewer reconnects are no finding. */
const RECONNECTS = 5;

describe("the status report on two servers", { timeout: patient(30_000) }, () => {
  it("has each trouble under the bridge that has it", async (t) => {
    const clock = new ManualClock();
    const reporter = new Reporter(clock);
    t.after(() => {
      reporter.close();
    });
    const harnesses: Harness[] = [];
    for (const name of ["Quiet", "Troubled"]) {
      const harness = await Harness.start(t, { clock, idleTimeout: DAY });
      nameBridge(harness.server, { name, find: () => ({ accessory: `Lamp of ${name}` }) });
      reporter.watch(harness.server);
      harnesses.push(harness);
    }
    const [, troubled] = harnesses;
    assert.ok(troubled !== undefined);
    troubled.handler = (_request, response, connection) => {
      const asked = new CharacteristicsRequest("read", 1);
      characteristicsAsked.publish({ connection, asked });
      clock.advance(2000);
      const errors = asked.answered([{ aid: 7, iid: 8, status: -70402 }]);
      characteristicsAnswered.publish({ connection, asked, errors });
      response.end("{}");
    };
    for (let i = 0; i <= RECONNECTS; i += 1) {
      const { controller, connection } = await troubled.connectSecured();
      if (i === 0) await controller.get("/characteristics?id=7.8");
      controller.socket.resetAndDestroy();
      await whenClosed(connection);
    }
    const { why, servers } = reporter.report();
    assert.deepEqual(
      servers.map(({ name, slow, ended }) => [name, slow.length, ended.length]),
      [
        ["Quiet", 0, 0],
        ["Troubled", 1, 1],
      ],
    );
    assert.deepEqual(why.map(({ bridge, text }) => [bridge, text]).sort(), [
      ["Troubled", "6 connections ended: the controller broke the connection off."],
      ["Troubled", "A controller connected again 5 times."],
      ["Troubled", "A read of 1 characteristic took 2.0 s: “Lamp of Troubled” answered last (aid 7, iid 8)."],
      [
        "Troubled",
        "“Lamp of Troubled” (aid 7, iid 8) answered once with -70402: the plugin could not reach the device.",
      ],
    ]);
  });
});
