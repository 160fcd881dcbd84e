/** The arguments of the public API and their errors, and the promises of the codec and of the key derivation. */

import assert from "node:assert/strict";
import { hkdfSync, randomBytes } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { inspect } from "node:util";

import {
  ArgumentError,
  deriveSessionKeys,
  EventedHTTPServer,
  FrameError,
  FrameOpener,
  FrameSealer,
  HAPEncryption,
  HapwireError,
  type EngineName,
  type HAPConnection,
  type ServerOptions,
} from "hapwire";

import { Harness, randomKeys, transportEngines } from "./support/harness";

const [ENGINE = "portable"] = transportEngines();
const NOT_NUMBERS: readonly unknown[] = ["1", null, true, {}, [1], 1n, Symbol("s"), () => 1];
const NOT_INTEGERS: readonly unknown[] = [...NOT_NUMBERS, 1.5, NaN, Infinity, -1, 2 ** 53];
const NOT_IDS: readonly unknown[] = [...NOT_INTEGERS, undefined, 0, -0];
const NOT_BYTES: readonly unknown[] = [
  undefined,
  null,
  1,
  "x".repeat(32),
  {},
  new ArrayBuffer(32),
  new DataView(new ArrayBuffer(32)),
];
const NOT_KEYS: readonly unknown[] = [
  ...NOT_BYTES,
  Buffer.alloc(31),
  Buffer.alloc(33),
  Buffer.alloc(0),
  new Uint16Array(16),
];

/** The longest delay of a Node timer. */
const MAX_DELAY = 2 ** 31 - 1;

/** Every option that is a number. Add new ones here. */
type NumericOption = Exclude<keyof ServerOptions, "engine" | "clock">;

/** Checks that a call is refused with an {@link ArgumentError} that names the argument and the expected value. */
function assertRefused(call: () => unknown, argument: string, expected: RegExp, received: unknown): void {
  assert.throws(
    call,
    (error) => {
      assert.ok(error instanceof ArgumentError && error instanceof HapwireError && error instanceof Error);
      assert.equal(error.name, "ArgumentError");
      assert.equal(error.code, "ERR_HAPWIRE_ARGUMENT");
      assert.equal(error.argument, argument);
      assert.ok(error.message.startsWith(`${argument} must be `), error.message);
      assert.match(error.message, expected);
      return true;
    },
    `${argument} = ${inspect(received)} was taken`,
  );
}

/** Refused for each of these values. */
function assertAllRefused(
  values: readonly unknown[],
  argument: string,
  expected: RegExp,
  call: (value: never) => unknown,
): void {
  for (const value of values) {
    assertRefused(() => call(value as never), argument, expected, value);
  }
}

async function connected(t: TestContext): Promise<{ harness: Harness; connection: HAPConnection }> {
  const harness = await Harness.start(t, { engine: ENGINE });
  const { connection } = await harness.connect();
  return { harness, connection };
}

describe("EventedHTTPServer", () => {
  it("checks every option", () => {
    const bounds: Record<NumericOption, readonly [min: number, max: number]> = {
      coalescingDelay: [0, MAX_DELAY],
      maxQueuedEvents: [1, 2 ** 20],
      maxQueuedEventBytes: [1, 2 ** 30],
      maxSubscriptions: [1, 2 ** 20],
      stallTimeout: [1, MAX_DELAY],
      idleTimeout: [1, MAX_DELAY],
      idleSweepThreshold: [1, Number.MAX_SAFE_INTEGER],
      strangerIdleTimeout: [1, MAX_DELAY],
      maxStrangers: [1, Number.MAX_SAFE_INTEGER],
      maxStrangerBodySize: [0, Number.MAX_SAFE_INTEGER],
      maxStrangerRequestBytes: [1, Number.MAX_SAFE_INTEGER],
      maxStrangerPendingRequests: [1, Number.MAX_SAFE_INTEGER],
      maxBodySize: [0, Number.MAX_SAFE_INTEGER],
      maxHeadSize: [256, 2 ** 20],
      maxPendingRequests: [1, Number.MAX_SAFE_INTEGER],
      headTimeout: [1, MAX_DELAY],
      requestTimeout: [1, MAX_DELAY],
      maxUnsentBytes: [1024, 2 ** 30],
      maxFramesPerSegment: [1, 2 ** 31 - 1],
      lingerTimeout: [0, MAX_DELAY],
    };
    for (const [name, [min, max]] of Object.entries(bounds)) {
      const make = (value: unknown): EventedHTTPServer =>
        new EventedHTTPServer({ engine: ENGINE, [name]: value });
      const notNull = NOT_INTEGERS.filter((value) => value !== null);
      assertAllRefused([...notNull, min - 1, max + 1], `options.${name}`, /an integer from \d+ to \d+/, make);
      make(min);
      make(max);
      make(undefined);
    }
    assertAllRefused(["", "rust", 1, null, {}], "options.engine", /"native" or "portable"/, (engine) => {
      return new EventedHTTPServer({ engine });
    });
  });

  it("checks the port and the host, and does not listen", () => {
    const server = new EventedHTTPServer({ engine: ENGINE });
    for (const port of [-1, 1.5, NaN, 65_536, {}]) {
      assert.throws(
        () => {
          server.listen(port);
        },
        { code: /^ERR_(SOCKET_BAD_PORT|INVALID_ARG_VALUE)$/ },
      );
    }
    assert.equal(server.address(), null);
  });

  it("checks the deadline of close()", async () => {
    const server = new EventedHTTPServer({ engine: ENGINE });
    for (const deadline of [...NOT_INTEGERS, 2 ** 31] as never[]) {
      await assert.rejects(server.close({ deadline }), {
        code: "ERR_HAPWIRE_ARGUMENT",
        argument: "deadline",
      });
    }
    await server.close({ deadline: 0 });
  });
});

describe("HAPConnection", () => {
  it("checks the ids of subscriptions", async (t) => {
    const { connection } = await connected(t);
    for (const method of ["enableEventNotifications", "disableEventNotifications"] as const) {
      assertAllRefused(NOT_IDS, "aid", /a safe integer from 1 up/, (aid) => {
        connection[method](aid, 1);
      });
      assertAllRefused(NOT_IDS, "iid", /a safe integer from 1 up/, (iid) => {
        connection[method](1, iid);
      });
    }
    assert.deepEqual(connection.getRegisteredEvents(), new Set());
    for (const value of NOT_IDS as never[]) {
      assert.equal(connection.hasEventNotifications(value, value), false);
    }
  });

  it("sends no event for ids that nobody can subscribe to", async (t) => {
    const { connection } = await connected(t);
    for (const id of NOT_IDS as number[]) {
      connection.sendEvent(id, 1, true, true);
      connection.sendEvent(1, id, true, true);
    }
    assert.equal(connection.stats().eventsQueued, 0);
  });

  it("checks the name of its user", async (t) => {
    const { connection } = await connected(t);
    assertAllRefused([undefined, null, 1, {}, Buffer.from("u")], "username", /a string/, (name) => {
      connection.connectionAuthenticated(name);
    });
    assert.ok(!connection.isAuthenticated());
    assert.equal(connection.username, undefined);
  });

  it("takes any name that a controller may have chosen, an empty one too", async (t) => {
    const { connection } = await connected(t);
    connection.connectionAuthenticated("");
    assert.ok(connection.isAuthenticated());
    assert.equal(connection.username, "");
  });

  it("checks both session keys, and takes them once", async (t) => {
    const { connection } = await connected(t);
    const expected = /a Buffer or Uint8Array of 32 bytes/;
    const keys = randomKeys();
    assertAllRefused(NOT_KEYS, "keys.accessoryToControllerKey", expected, (accessoryToControllerKey) => {
      connection.secure({ ...keys, accessoryToControllerKey });
    });
    assertAllRefused(NOT_KEYS, "keys.controllerToAccessoryKey", expected, (controllerToAccessoryKey) => {
      connection.secure({ ...keys, controllerToAccessoryKey });
    });
    connection.secure(keys);
    assert.throws(
      () => {
        connection.secure(keys);
      },
      { code: "ERR_HAPWIRE_SESSION_KEYS" },
    );
  });
});

for (const engine of transportEngines()) {
  describe(`FrameSealer and FrameOpener (${engine})`, () => {
    const key = randomBytes(32);

    it("check their keys, counters and engines", () => {
      for (const Codec of [FrameSealer, FrameOpener]) {
        assertAllRefused(
          NOT_KEYS,
          "key",
          /a Buffer or Uint8Array of 32 bytes/,
          (wrong) => new Codec(wrong, { engine }),
        );
        const notCounters = [0, "0", {}, -1n, 2n ** 64n];
        assertAllRefused(notCounters, "options.counter", /a bigint from 0 to 2\^64 - 1/, (counter) => {
          return new Codec(key, { engine, counter });
        });
        assertAllRefused(["rust", "toString", 1], "options.engine", /"native" or "portable"/, (wrong) => {
          return new Codec(key, { engine: wrong });
        });
        assert.equal(new Codec(key, { engine, counter: 2n ** 64n - 1n }).counter, 2n ** 64n - 1n);
        assert.equal(new Codec(new Uint8Array(32), { engine }).counter, 0n);
      }
    });

    it("check the bytes that they seal and open, and work on after an error", () => {
      const sealer = new FrameSealer(key, { engine });
      const opener = new FrameOpener(key, { engine });
      for (const wrong of NOT_BYTES as never[]) {
        assertRefused(
          () => sealer.seal(wrong),
          "message",
          /a Buffer, a Uint8Array or an array of them/,
          wrong,
        );
        assertRefused(
          () => sealer.seal([Buffer.from("fine"), wrong]),
          "message",
          /a Buffer or Uint8Array/,
          wrong,
        );
        assertRefused(() => opener.open(wrong), "segment", /a Buffer or Uint8Array/, wrong);
      }
      assert.equal(sealer.counter, 0n);
      assert.equal(opener.open(sealer.seal(Buffer.from("still works"))).toString(), "still works");
    });

    it("copy the key, and do not change their arguments", () => {
      const mine = Buffer.from(key);
      const sealer = new FrameSealer(mine, { engine });
      const opener = new FrameOpener(mine, { engine });
      mine.fill(0);
      const chunks = [randomBytes(700), new Uint8Array(randomBytes(1500))];
      const before = chunks.map((chunk) => Buffer.from(chunk));
      const frames = sealer.seal(chunks);
      assert.deepEqual(
        chunks.map((chunk) => Buffer.from(chunk)),
        before,
      );
      const copy = Buffer.from(frames);
      const plaintext = opener.open(frames);
      assert.deepEqual(frames, copy, "open() has changed its input");
      assert.deepEqual(plaintext, Buffer.concat(before));
      plaintext.fill(0);
      assert.deepEqual(frames, copy, "the plaintext is a view of the input");
      assert.deepEqual(new FrameSealer(key, { engine }).seal(Buffer.concat(before)), frames);
    });

    it("seal messages in one piece, in pieces, and none at all", () => {
      const sealer = new FrameSealer(key, { engine });
      const opener = new FrameOpener(key, { engine });
      const messages = [
        [],
        [Buffer.alloc(0)],
        [randomBytes(1), Buffer.alloc(0), randomBytes(1024)],
        [randomBytes(5000)],
      ];
      for (const chunks of messages) {
        assert.deepEqual(opener.open(sealer.seal(chunks)), Buffer.concat(chunks));
      }
      assert.equal(sealer.counter, 0n + 0n + 2n + 5n);
      assert.equal(opener.counter, sealer.counter);
    });

    it("open more than 2 MiB at a time, and count the bytes of the next frame that they hold", () => {
      const message = randomBytes(2 * 1024 * 1024 + 1024 + 5);
      const stream = new FrameSealer(key, { engine }).seal(message);
      const opener = new FrameOpener(key, { engine });
      const opened = opener.open(stream.subarray(0, -1));
      assert.equal(opener.pendingLength, 5 + 18 - 1);
      assert.ok(Buffer.concat([opened, opener.open(stream.subarray(-1))]).equals(message));
    });

    it("are the two ends of the wire, with either engine at the other", () => {
      const other: EngineName = engine === "portable" ? ENGINE : "portable";
      const keys = deriveSessionKeys(randomBytes(32));
      const accessory = {
        sealer: new FrameSealer(keys.accessoryToControllerKey, { engine }),
        opener: new FrameOpener(keys.controllerToAccessoryKey, { engine }),
      };
      const controller = {
        sealer: new FrameSealer(keys.controllerToAccessoryKey, { engine: other }),
        opener: new FrameOpener(keys.accessoryToControllerKey, { engine: other }),
      };
      for (const [from, to] of [
        [controller, accessory],
        [accessory, controller],
      ] as const) {
        const messages = [randomBytes(3), randomBytes(3000)];
        const stream = Buffer.concat(messages.map((message) => from.sealer.seal(message)));
        const opened = Array.from(stream, (_, index) => to.opener.open(stream.subarray(index, index + 1)));
        assert.deepEqual(Buffer.concat(opened), Buffer.concat(messages));
        assert.equal(to.opener.pendingLength, 0);
      }
      // A message of the wrong direction does not authenticate.
      assert.throws(() => accessory.opener.open(accessory.sealer.seal(Buffer.from("mirror"))), {
        code: "ERR_HAPWIRE_FRAME_AUTHENTICATION",
      });
    });

    it("end with typed errors, and for good", () => {
      const sealer = new FrameSealer(key, { engine, counter: 2n ** 64n - 1n });
      const exhausted = catchFrameError(() => sealer.seal(randomBytes(2000)));
      assert.equal(exhausted.code, "ERR_HAPWIRE_NONCE_EXHAUSTED");

      const opener = new FrameOpener(key, { engine });
      assert.equal(catchFrameError(() => opener.open(Buffer.of(1, 4, 0))).code, "ERR_HAPWIRE_FRAME_TOO_LONG");
      assert.equal(catchFrameError(() => opener.open(Buffer.alloc(1))).code, "ERR_HAPWIRE_CODEC_CLOSED");
      const destroyed = new FrameSealer(key, { engine });
      destroyed.destroy();
      destroyed.destroy();
      assert.equal(catchFrameError(() => destroyed.seal(Buffer.from("x"))).code, "ERR_HAPWIRE_CODEC_CLOSED");
    });
  });
}

function catchFrameError(call: () => unknown): FrameError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof FrameError);
    return error;
  }
  assert.fail("nothing was thrown");
}

describe("keys", () => {
  it("are derived as HAP says", () => {
    const sharedSecret = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
    const derive = (info: string): Buffer =>
      Buffer.from(hkdfSync("sha512", sharedSecret, "Control-Salt", info, 32));
    const keys = deriveSessionKeys(sharedSecret);
    assert.deepEqual(keys, {
      accessoryToControllerKey: derive("Control-Read-Encryption-Key"),
      controllerToAccessoryKey: derive("Control-Write-Encryption-Key"),
    });
    assert.notDeepEqual(keys.accessoryToControllerKey, keys.controllerToAccessoryKey);
  });

  it("are derived from 32 bytes alone", () => {
    assertAllRefused(NOT_KEYS, "sharedSecret", /a Buffer or Uint8Array of 32 bytes/, deriveSessionKeys);
  });

  it("stand in no error and in nothing that is printed", async (t) => {
    const secret = Buffer.from("0123456789abcdefghijklmnopqrstuv-");
    const errors = [
      () => new FrameSealer(secret, { engine: ENGINE }),
      () => new FrameOpener(secret, { engine: ENGINE }),
      () => new FrameSealer(secret.toString() as never, { engine: ENGINE }),
      () => deriveSessionKeys(secret.toString() as never),
      () => deriveSessionKeys([...secret] as never),
    ].map(catchError);
    const key = secret.subarray(0, 32);
    const { connection } = await connected(t);
    errors.push(
      catchError(() => {
        connection.secure({ accessoryToControllerKey: secret, controllerToAccessoryKey: key });
      }),
    );
    connection.encryption = new HAPEncryption(key, key, key, key, key);
    connection.encryption.accessoryToControllerKey = key;
    connection.encryption.controllerToAccessoryKey = key;
    const sealer = new FrameSealer(key, { engine: ENGINE });
    for (const shown of [...errors, connection, connection.encryption, connection.stats(), sealer]) {
      assertSilentAbout(secret, inspect(shown, { depth: 10, showHidden: true }));
    }
  });
});

function catchError(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail("nothing was thrown");
}

/** As text, as hexadecimal digits with and without spaces, as decimal numbers, in base64. */
function assertSilentAbout(secret: Buffer, text: string): void {
  const start = secret.subarray(0, 6);
  const forms = [
    start.toString(),
    start.toString("hex"),
    [...start].map((byte) => byte.toString(16)).join(" "),
    [...start].join(", "),
    start.toString("base64").slice(0, 8),
  ];
  for (const form of forms) {
    assert.ok(!text.includes(form), `${form} stands in ${text.slice(0, 2000)}`);
  }
}
