/** `/pairings`: admins add, list and remove, others may not, and those who are removed lose their connections. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";

import { decodeTlv } from "#src/pairing/tlv";
import { Method, PairingError, Type } from "#src/pairing/protocol";

import { openPaired, idOf, post } from "../support/accessory-home";
import type { Controller } from "../support/controller";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";
import { postTlv, User } from "../support/pairing";

const ADMIN = 1;

for (const engine of transportEngines()) {
  describe(`/pairings (${engine})`, { timeout: patient(60_000) }, () => {
    it("adds, lists and removes controllers for an admin, by hap-controller", async (t) => {
      const { home, admin } = await openPaired(t, { engine });
      const guest = await home.add(admin, false);
      assert.deepEqual(
        home.pairing.controllers.map(({ id, isAdmin }) => [id, isAdmin]),
        [
          [idOf(admin), true],
          [idOf(guest), false],
        ],
      );
      await home.client(admin).removePairing(Buffer.from(idOf(guest)));
      assert.deepEqual(
        home.pairing.controllers.map(({ id }) => id),
        [idOf(admin)],
      );
      // A client of its own each time: hap-controller can't use the connection again.
      await home.client(admin).removePairing(Buffer.from("nobody"));
      await assert.rejects(home.verify(guest), /Error: 2/);
    });

    it("answers the one who is removed, then closes all its connections, and leaves the others alone", async (t) => {
      const { home, admin } = await openPaired(t, { engine });
      const second = await home.add(admin, true);
      const [initiator, other, survivor] = [
        await home.verify(second),
        await home.verify(second),
        await home.verify(admin),
      ];
      assert.deepEqual((await remove(initiator.controller, idOf(second))).outcome, [2, undefined]);
      await Promise.all([initiator.controller.closed, other.controller.closed]);
      assert.equal((await survivor.controller.get("/accessories")).status, 200);
      assert.ok(home.pairing.isPaired);
    });

    it("removes everybody with the last admin, and can be paired again by another", async (t) => {
      const { home, admin } = await openPaired(t, { engine });
      const guest = await home.add(admin, false);
      const [initiator, other] = [await home.verify(admin), await home.verify(guest)];
      const unpaired = once(home.pairing, "unpaired");
      assert.deepEqual((await remove(initiator.controller, idOf(admin))).outcome, [2, undefined]);
      await Promise.all([unpaired, initiator.controller.closed, other.controller.closed]);
      assert.deepEqual(home.pairing.controllers, []);
      await assert.rejects(home.verify(guest), /Error: 2/);
      await home.pair();
    });
  });
}

describe("/pairings by its rules", { timeout: patient(60_000) }, () => {
  it("answers Authentication to all that is not an admin's, and changes nothing", async (t) => {
    const { home, admin } = await openPaired(t);
    const guest = await home.add(admin, false);
    const { controller } = await home.verify(guest);
    const before = home.pairing.controllers;
    for (const answer of [
      await list(controller),
      await remove(controller, idOf(admin)),
      await add(controller, "other", Buffer.alloc(32, 1), ADMIN),
      await add(controller, idOf(guest), Buffer.from(guest.iOSDeviceLTPK, "hex"), ADMIN),
    ]) {
      assert.deepEqual(answer.outcome, [2, PairingError.Authentication]);
    }
    assert.deepEqual(home.pairing.controllers, before);
  });

  it("lists identifier, key and permission of each, with separators between them", async (t) => {
    const { home, admin } = await openPaired(t);
    const guest = await home.add(admin, false);
    const { controller } = await home.verify(admin);
    const { body } = await postTlv(
      controller,
      "/pairings",
      Buffer.from([6, 1, 1, 0, 1, Method.ListPairings]),
    );
    const separator = body.indexOf(Buffer.from([0xff, 0]));
    const entries = [body.subarray(0, separator), body.subarray(separator + 2)].map((part) =>
      decodeTlv(part),
    );
    assert.deepEqual(
      entries.map((entry) => [
        entry?.get(Type.Identifier)?.toString(),
        entry?.get(Type.PublicKey)?.toString("hex"),
        entry?.get(Type.Permissions)?.[0],
      ]),
      [
        [idOf(admin), admin.iOSDeviceLTPK, 1],
        [idOf(guest), guest.iOSDeviceLTPK, 0],
      ],
    );
  });

  it("changes the permission of a controller that is added again, unless its key is another", async (t) => {
    const { home, admin } = await openPaired(t);
    const guest = await home.add(admin, false);
    const { controller } = await home.verify(admin);
    const key = Buffer.from(guest.iOSDeviceLTPK, "hex");
    assert.deepEqual((await add(controller, idOf(guest), key, ADMIN)).outcome, [2, undefined]);
    assert.deepEqual((await list((await home.verify(guest)).controller)).outcome, [2, undefined]);
    const other = new User().publicKey;
    assert.deepEqual((await add(controller, idOf(guest), other, 0)).outcome, [2, PairingError.Unknown]);
    assert.deepEqual(
      home.pairing.controllers.map(({ isAdmin }) => isAdmin),
      [true, true],
    );
  });

  it("removes everybody if the last admin gives up its permission", async (t) => {
    const { home, admin } = await openPaired(t);
    const { controller } = await home.verify(admin);
    const key = Buffer.from(admin.iOSDeviceLTPK, "hex");
    assert.deepEqual((await add(controller, idOf(admin), key, 0)).outcome, [2, undefined]);
    await controller.closed;
    assert.ok(!home.pairing.isPaired);
  });

  it("answers MaxPeers to the 65th pairing", async (t) => {
    const { home, admin } = await openPaired(t);
    const { controller } = await home.verify(admin);
    for (let index = 1; index < 64; index += 1) {
      await add(controller, `user ${String(index)}`, Buffer.alloc(32, index), 0);
    }
    assert.equal(home.pairing.controllers.length, 64);
    const { outcome } = await add(controller, "one more", Buffer.alloc(32, 99), 0);
    assert.deepEqual(outcome, [2, PairingError.MaxPeers]);
    assert.deepEqual((await remove(controller, "user 1")).outcome, [2, undefined]);
    assert.deepEqual((await add(controller, "one more", Buffer.alloc(32, 99), 0)).outcome, [2, undefined]);
  });

  it("makes changes that come at once one after the other", async (t) => {
    const { home, admin } = await openPaired(t);
    const { controller } = await home.verify(admin);
    const count = 20;
    const requests = Array.from({ length: count }, (_, index) =>
      controller.request("POST", "/pairings", {
        body: addition(`user ${String(index)}`, Buffer.alloc(32, 1), 0),
      }),
    );
    controller.write(Buffer.concat(requests));
    for (let answered = 0; answered < count; answered += 1) {
      assert.equal((await controller.nextResponse()).status, 200);
    }
    assert.equal(home.pairing.controllers.length, 21);
  });

  for (const [what, takeBack] of [
    ["pairing", remove],
    ["permission", demote],
  ] as const) {
    it(`takes no change from an admin whose ${what} goes while the change waits`, async (t) => {
      const { home, admin } = await openPaired(t);
      const second = await home.add(admin, true);
      const [first, late] = [await home.verify(admin), await home.verify(second)];
      const save = home.storage.save.bind(home.storage);
      const saving = new EventEmitter();
      home.storage.save = async (state) => {
        saving.emit("begins");
        await once(saving, "may end");
        return save(state);
      };
      const begins = once(saving, "begins");
      const taken = takeBack(first.controller, idOf(second), Buffer.from(second.iOSDeviceLTPK, "hex"));
      await begins;
      const received = new Promise((resolve) => {
        home.server.once("request", (_connection, request) => request.once("end", resolve));
      });
      late.controller.send("POST", "/pairings", { body: addition("intruder", Buffer.alloc(32, 1), ADMIN) });
      await received;
      await setImmediate();
      home.storage.save = save;
      saving.emit("may end");
      assert.deepEqual((await taken).outcome, [2, undefined]);
      // Waits for its turn behind the other's change.
      await add(first.controller, "guest", Buffer.alloc(32, 2), 0);
      assert.deepEqual(
        home.pairing.controllers.map(({ id }) => id).filter((id) => id !== idOf(second)),
        [idOf(admin), "guest"],
      );
    });
  }

  it("answers Unknown to a request that can't be understood", async (t) => {
    const { home, admin } = await openPaired(t);
    const { controller } = await home.verify(admin);
    const key = Buffer.alloc(32, 1);
    for (const body of [
      Buffer.alloc(0),
      Buffer.from([6, 1, 1]),
      Buffer.from([6, 1, 2, 0, 1, Method.ListPairings]),
      Buffer.from([6, 1, 1, 0, 1, 9]),
      Buffer.from([6, 1, 1, 0, 1, Method.RemovePairing]),
      Buffer.from([6, 1, 1, 0, 1, Method.RemovePairing, 1, 1, 0xff]),
      Buffer.from([6, 5, 1]),
      addition("", key, 0),
      addition("user", Buffer.alloc(31), 0),
      addition("user", key, 2),
      addition("x".repeat(256), key, 0),
    ]) {
      const { status, outcome } = await post(controller, "/pairings", body);
      assert.deepEqual([status, ...outcome], [400, 2, PairingError.Unknown], body.toString("hex"));
    }
    assert.equal(home.pairing.controllers.length, 1);
  });
});

function addition(id: string, publicKey: Buffer, permissions: number): Buffer {
  const name = Buffer.from(id);
  const parts = name.length > 255 ? [name.subarray(0, 255), name.subarray(255)] : [name];
  return Buffer.concat([
    Buffer.from([6, 1, 1, 0, 1, Method.AddPairing]),
    ...parts.flatMap((part) => [Buffer.from([1, part.length]), part]),
    Buffer.from([3, publicKey.length]),
    publicKey,
    Buffer.from([0x0b, 1, permissions]),
  ]);
}

async function add(
  controller: Controller,
  id: string,
  publicKey: Buffer,
  permissions: number,
): ReturnType<typeof post> {
  return post(controller, "/pairings", addition(id, publicKey, permissions));
}

async function remove(controller: Controller, id: string): ReturnType<typeof post> {
  return post(controller, "/pairings", [
    [Type.State, 1],
    [Type.Method, Method.RemovePairing],
    [Type.Identifier, Buffer.from(id)],
  ]);
}

async function demote(controller: Controller, id: string, publicKey: Buffer): ReturnType<typeof post> {
  return add(controller, id, publicKey, 0);
}

/** The outcome alone: a list is more than this reads. */
async function list(controller: Controller): Promise<{ outcome: readonly unknown[] }> {
  const body = Buffer.from([6, 1, 1, 0, 1, Method.ListPairings]);
  const message = await postTlv(controller, "/pairings", body);
  const error = message.body[3] === Type.Error ? message.body[5] : undefined;
  return { outcome: [message.body[2], error] };
}
