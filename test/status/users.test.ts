/** The numbers of the users in the status report. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Reporter } from "#src/status/reporter";
import type { User } from "#src/status/report";
import { nameBridge } from "#src/status/trouble/characteristics";
import { UserNumbers } from "#src/status/users";

import { ManualClock } from "../support/clock";
import { Harness, whenClosed } from "../support/harness";
import { patient } from "../support/patience";

describe("the users of the status report", { timeout: patient(30_000) }, () => {
  it("keep their numbers when they leave and come back", async (t) => {
    const clock = new ManualClock();
    const reporter = new Reporter(clock);
    t.after(() => {
      reporter.close();
    });
    const harness = await Harness.start(t, { clock });
    reporter.watch(harness.server);
    nameBridge(harness.server, {
      name: "Bridge",
      find: () => ({}),
      isAdmin: (username) => username === "the admin",
    });
    const users = (): (User | null)[] => {
      clock.advance(500);
      return reporter.report().servers[0]?.connections.map(({ user }) => user) ?? [];
    };
    const admin = { number: 1, isAdmin: true, id: "the…" };
    const guest = { number: 2, isAdmin: false, id: "a g…" };
    const first = await harness.connectSecured("the admin");
    await harness.connectSecured("a guest 12");
    await harness.connect();
    assert.deepEqual(users(), [admin, guest, null]);
    first.controller.destroy();
    await whenClosed(first.connection);
    assert.deepEqual(users(), [guest, null]);
    await harness.connectSecured("the admin");
    await harness.connectSecured("another");
    assert.deepEqual(users(), [guest, null, admin, { number: 3, isAdmin: false, id: "an…" }]);
  });

  it("are numbered up to 1,000", () => {
    const users = new UserNumbers();
    const numbers = Array.from({ length: 1001 }, (_, i) => users.numberOf(String(i)));
    assert.deepEqual([numbers[0], numbers[999], numbers[1000]], [1, 1000, null]);
    assert.equal(users.numberOf("999"), 1000);
  });
});
