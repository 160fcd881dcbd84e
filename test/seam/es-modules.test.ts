/** `install(hap)` of a HAP-NodeJS of the future: made of ES modules. */

import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { type EventedHTTPServer } from "hapwire";

import { ROOT } from "../support/child";
import { Controller } from "../support/controller";
import { patient } from "../support/patience";
import { portOf } from "../support/port";
import { installIn, publish, type Hap } from "../support/stand-in-hap";

describe("install(hap) of a HAP-NodeJS that is made of ES modules", { timeout: patient(60_000) }, () => {
  it("carries requests, events and an unpair, and replaces the functions for pairing", async (t) => {
    const entry = pathToFileURL(path.join(ROOT, "test", "seam", "hap-nodejs-esm", "index.mjs")).href;
    const hap = (await import(entry)) as Hap;
    const { pairingFunctions: before = [] } = hap.HAPServer;
    const { installation, lines } = installIn(t, hap);
    const { pairingFunctions: after = [] } = hap.HAPServer;
    assert.deepEqual(
      after.map((call, i) => call === before[i]),
      [false, false, false, false],
    );
    const hapServer = publish(t, hap);
    const server = hapServer.httpServer as EventedHTTPServer;
    await once(hapServer, "listening");
    assert.match(lines[0] ?? "", /^carries Hall .+, HAP-NodeJS 3\.0\.0-stand-in$/);
    const [first, second] = [
      await Controller.connect(portOf(server)),
      await Controller.connect(portOf(server)),
    ];
    for (const controller of [first, second]) {
      const { body } = await controller.fetch("POST", "/pair-verify");
      assert.equal(body.toString(), "the stand-in");
    }
    await first.get("/characteristics");
    hapServer.sendEventNotifications(1, 9, true, undefined, true);
    assert.deepEqual(await first.nextEvents(), [{ aid: 1, iid: 9, value: true }]);
    const { body } = await first.fetch("POST", "/pairings");
    assert.equal(body.toString(), "the stand-in");
    await Promise.all([first.closed, second.closed]);
    installation.uninstall();
    assert.deepEqual(hap.HAPServer.pairingFunctions, before);
  });
});
