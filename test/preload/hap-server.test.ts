/** HAP-NodeJS's server under the preload, in a process of its own, of either package: a controller verifies and reads. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HapServerProcess } from "../support/hap-server";
import { patient } from "../support/patience";

describe("HAP-NodeJS's server", { timeout: patient(60_000) }, () => {
  for (const packageName of ["@homebridge/hap-nodejs", "hap-nodejs"] as const) {
    it(`of ${packageName} outlives a request whose target is no URL`, async (t) => {
      const server = await HapServerProcess.start({ packageName, preload: true });
      t.after(() => server.stop());
      for (const target of ["//", "http://["]) {
        const stranger = await server.connect();
        assert.equal((await stranger.get(target)).status, 400);
        await stranger.closed;
      }
      const controller = await server.verify();
      assert.equal((await controller.get("/accessories")).status, 200);
      controller.destroy();
    });

    for (const preload of [true, false]) {
      it(`of ${packageName} serves a controller ${preload ? "under" : "without"} the preload`, async (t) => {
        const server = await HapServerProcess.start({ packageName, preload });
        t.after(() => server.stop());
        const controller = await server.verify();
        const { status, body } = await controller.get("/accessories");
        assert.deepEqual([status, JSON.parse(body.toString())], [200, { accessories: [] }]);
        controller.destroy();
      });
    }
  }
});
