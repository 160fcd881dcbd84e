/** The secured session over TCP: the switch to encryption, and what ends a session. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import type { Duplex } from "node:stream";
import { inspect } from "node:util";

import { deriveSessionKeys, FrameSealer, HAPEncryption, HapwireError, type HAPConnection } from "hapwire";

import { Harness, randomKeys, transportEngines, whenClosed, type Pair } from "../support/harness";

const NOTHING = Buffer.alloc(0);

/** A record as HAP-NodeJS makes it at M2: its session keys come later. */
function emptyRecord(): HAPEncryption {
  return new HAPEncryption(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING);
}

/** Sends bytes, and waits until the server has closed the connection; it must not have answered. */
async function expectClosedBy({ controller, connection }: Pair, bytes: Buffer, code: string): Promise<void> {
  const received = controller.received.length;
  const closed = whenClosed(connection);
  controller.socket.write(bytes);
  await Promise.all([closed, controller.closed]);
  assert.equal(connection.closeReason?.code, code);
  assert.equal(controller.received.length, received, "the server answered a request that it must not answer");
}

for (const engine of transportEngines()) {
  describe(`secured session (${engine})`, () => {
    it("starts with the first frame opened: the answer of pair-verify is plaintext, all after it is sealed", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connect();
      harness.handler = (request, response) =>
        response.end(String((request.socket as { encrypted?: boolean }).encrypted));
      assert.equal((await pair.controller.get("/")).body.toString(), "false");
      await harness.secure(pair);
      const plaintext = Buffer.concat(pair.controller.received);
      assert.ok(plaintext.includes("verified"));
      assert.ok(!plaintext.includes("first"), "a response of the session stood on the wire in plaintext");
      assert.equal((await pair.controller.get("/")).body.toString(), "true");
      assert.ok(pair.connection.isAuthenticated());
      assert.equal(pair.connection.username, "user");
    });

    it("starts from HAP-NodeJS's record, field by field, in the tick of the answer", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connect();
      const keys = deriveSessionKeys(Buffer.alloc(32, 7));
      harness.handler = (request, response) => {
        if (request.url === "/m1") {
          connection.encryption = emptyRecord();
          response.end("m2");
        } else if (request.url === "/m3") {
          response.end("m4");
          const { encryption } = connection;
          assert.ok(encryption !== undefined);
          encryption.accessoryToControllerKey = Buffer.from(keys.accessoryToControllerKey);
          encryption.controllerToAccessoryKey = Buffer.from(keys.controllerToAccessoryKey);
          connection.connectionAuthenticated("user");
        } else {
          response.end("x".repeat(3000));
        }
      };
      assert.equal((await controller.get("/m1")).body.toString(), "m2");
      assert.equal((await controller.get("/m3")).body.toString(), "m4");
      controller.secure(keys);
      assert.equal((await controller.get("/secret")).body.length, 3000);
      assert.equal(connection.encryption?.controllerToAccessoryCount, 1);
      assert.equal(connection.encryption.accessoryToControllerCount, 4);
      assert.deepEqual(
        [connection.stats().framesIn, connection.stats().framesOut],
        [1, 4],
        "3,000 bytes and a head must go out in four frames",
      );
      connection.enableEventNotifications(1, 9);
      connection.sendEvent(1, 9, true, true);
      await controller.nextEvents();
      assert.equal(connection.encryption.accessoryToControllerCount, 5, "an event is a frame too");
    });

    it("lets nothing out in plaintext between the answer of pair-verify and the first frame", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connect();
      const answered = new Promise<Duplex>((resolve) => {
        harness.handler = (request, response) => {
          response.end("m4");
          connection.secure(randomKeys());
          response.once("close", () => {
            resolve(request.socket);
          });
        };
      });
      assert.equal((await controller.get("/m3")).body.toString(), "m4");
      const socket = await answered;
      const closed = whenClosed(connection);
      socket.on("error", () => undefined);
      socket.write("SECRET");
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_PLAINTEXT");
      assert.ok(!Buffer.concat(controller.received).includes("SECRET"));
    });

    it("goes on from counters and an incomplete frame that the record has", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connect();
      const keys = randomKeys();
      const sealer = new FrameSealer(keys.controllerToAccessoryKey, { counter: 5n });
      const frames = sealer.seal(controller.request("GET", "/"));
      const record = emptyRecord();
      record.accessoryToControllerKey = Buffer.from(keys.accessoryToControllerKey);
      record.controllerToAccessoryKey = Buffer.from(keys.controllerToAccessoryKey);
      record.controllerToAccessoryCount = 5;
      record.incompleteFrame = frames.subarray(0, 3);
      connection.encryption = record;
      controller.secure(keys);
      controller.socket.write(frames.subarray(3));
      assert.equal((await controller.nextResponse()).body.toString(), "ok");
      assert.equal(record.controllerToAccessoryCount, 6);
      controller.socket.write(sealer.seal(controller.request("GET", "/")));
      assert.equal((await controller.nextResponse()).body.toString(), "ok");
      connection.enableEventNotifications(1, 9);
      connection.sendEvent(1, 9, true, true);
      assert.equal((await controller.nextEvents()).length, 1, "the event was not sealed");
    });

    it("takes a stream cut anywhere, even into single bytes", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      harness.handler = (request, response) => {
        request.pipe(response);
      };
      const body = "body ".repeat(300);
      for (const byte of controller.seal(controller.request("POST", "/", { body }))) {
        await new Promise((resolve) => controller.socket.write(Uint8Array.of(byte), resolve));
      }
      assert.equal((await controller.nextResponse()).body.toString(), body);
    });

    it("takes a hundred frames in one segment", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      const requests = Array.from({ length: 100 }, () => controller.seal(controller.request("GET", "/")));
      controller.socket.write(Buffer.concat(requests));
      const statuses: number[] = [];
      while (statuses.length < requests.length) {
        statuses.push((await controller.nextResponse()).status);
      }
      assert.deepEqual(new Set(statuses), new Set([200]));
    });

    it("ends, unanswered, with a frame that was changed", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const frame = pair.controller.seal(pair.controller.request("GET", "/"));
      frame.writeUInt8(frame.readUInt8(10) ^ 1, 10);
      await expectClosedBy(pair, frame, "ERR_HAPWIRE_FRAME_AUTHENTICATION");
    });

    it("ends with a frame that comes again", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const frame = pair.controller.seal(pair.controller.request("GET", "/"));
      pair.controller.socket.write(frame);
      await pair.controller.nextResponse();
      await expectClosedBy(pair, frame, "ERR_HAPWIRE_FRAME_AUTHENTICATION");
    });

    it("ends with a frame of more than 1,024 bytes, as soon as its length is there", async (t) => {
      const harness = await Harness.start(t, { engine });
      await expectClosedBy(
        await harness.connectSecured(),
        Buffer.of(0x01, 0x04),
        "ERR_HAPWIRE_FRAME_TOO_LONG",
      );
    });

    it("ends with plaintext", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      await expectClosedBy(pair, Buffer.from("GET / HTTP/1.1\r\n\r\n"), "ERR_HAPWIRE_FRAME_TOO_LONG");
    });

    it("ends with one connection alone", async (t) => {
      const harness = await Harness.start(t, { engine });
      const victim = await harness.connectSecured();
      const other = await harness.connectSecured();
      await expectClosedBy(victim, Buffer.alloc(100, 0xff), "ERR_HAPWIRE_FRAME_TOO_LONG");
      assert.equal((await other.controller.get("/")).status, 200);
    });

    it("is refused if a request in plaintext follows the one of pair-verify", async (t) => {
      // A stranger between controller and accessory could append it; it must not be served as the controller's.
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connect();
      const served: (string | undefined)[] = [];
      harness.handler = (request, response) => {
        request.resume().on("end", () => {
          if (request.url === "/m3") {
            response.end("m4");
            connection.secure(randomKeys());
            connection.connectionAuthenticated("user");
          } else if (connection.isAuthenticated()) {
            served.push(request.url);
            response.end("a secret");
          } else {
            response.writeHead(470).end();
          }
        });
      };
      const closed = whenClosed(connection);
      controller.write(
        Buffer.concat([controller.request("POST", "/m3"), controller.request("PUT", "/unlock")]),
      );
      await Promise.all([closed, controller.closed]);
      assert.deepEqual(served, []);
      assert.ok(!Buffer.concat(controller.received).includes("a secret"));
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_PLAINTEXT");
    });

    it("is refused with a key missing or of a wrong length", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connect();
      const record = emptyRecord();
      record.controllerToAccessoryKey = Buffer.alloc(32);
      pair.connection.encryption = record;
      await expectClosedBy(pair, Buffer.from("anything"), "ERR_HAPWIRE_SESSION_KEYS");

      const { connection } = await harness.connect();
      const keys = { ...randomKeys(), accessoryToControllerKey: Buffer.alloc(31) };
      assert.throws(
        () => {
          connection.secure(keys);
        },
        { code: "ERR_HAPWIRE_ARGUMENT", argument: "keys.accessoryToControllerKey" },
      );
    });

    it("has its keys once", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connectSecured();
      assert.throws(
        () => {
          connection.secure(randomKeys());
        },
        (error) => error instanceof HapwireError && error.code === "ERR_HAPWIRE_SESSION_KEYS",
      );
    });

    it("shows no key to those who inspect it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connect();
      const record = emptyRecord();
      record.accessoryToControllerKey = Buffer.alloc(32, 0xab);
      record.controllerToAccessoryKey = Buffer.alloc(32, 0xab);
      connection.encryption = record;
      const shown = inspect({ connection, record, server: harness.server }, { depth: 10, showHidden: true });
      assert.ok(!/ab,? ?(0x)?ab/i.test(shown) && !shown.includes("171, 171"), shown);
    });
  });
}

describe("sessionID", () => {
  it("is unique, even for a reconnect from the same port", async (t) => {
    const harness = await Harness.start(t);
    let ids: readonly [string, string] | undefined;
    while (ids === undefined) {
      ids = await connectTwiceFromOnePort(t, harness);
    }
    assert.notEqual(ids[0], ids[1]);
  });
});

/** @returns The session ids of both. Undefined if the system gave the port to another program in between. */
async function connectTwiceFromOnePort(
  t: TestContext,
  harness: Harness,
): Promise<readonly [string, string] | undefined> {
  const first = await harness.connect();
  const localPort = Number(first.controller.socket.localPort);
  const gone = whenClosed(first.connection);
  first.controller.socket.resetAndDestroy();
  await gone;
  const opened = once(harness.server, "connection-opened") as Promise<[HAPConnection]>;
  const socket = connect({ port: harness.port, host: "127.0.0.1", localPort });
  t.after(() => socket.destroy());
  try {
    await once(socket, "connect");
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "EADDRINUSE");
    return undefined;
  }
  const [second] = await opened;
  assert.equal(second.remotePort, localPort);
  return [first.connection.sessionID, second.sessionID];
}
