/** Objects of options and other arguments: refused values, warnings of misspelt names, and the values that errors show. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import * as hap from "@homebridge/hap-nodejs";
import {
  ArgumentError,
  EventedHTTPServer,
  FrameOpener,
  FrameSealer,
  type HAPConnection,
  type ServerOptions,
} from "hapwire";
import { install, type InstallOptions } from "hapwire/homebridge";
import { collectMetrics } from "hapwire/metrics";
import { AccessoryPairing, MemoryStorage } from "hapwire/pairing";
import { startStatusPage } from "hapwire/status";
import { Registry } from "prom-client";

import { Harness, transportEngines } from "./support/harness";

const [ENGINE = "portable"] = transportEngines();
const KEY = Buffer.alloc(32);
const NOT_OBJECTS: readonly unknown[] = [null, 5, "text", true, [], () => 1];

/** Calls that read options. Each is called with what may be no object. */
const READERS: readonly (readonly [name: string, argument: string, call: (options: never) => unknown])[] = [
  ["EventedHTTPServer", "options", (options) => new EventedHTTPServer(options)],
  ["close()", "options", async (options) => new EventedHTTPServer({ engine: ENGINE }).close(options)],
  ["FrameSealer", "options", (options) => new FrameSealer(KEY, options)],
  ["FrameOpener", "options", (options) => new FrameOpener(KEY, options)],
  ["AccessoryPairing.open()", "options", async (options) => AccessoryPairing.open(options)],
  ["txtRecord()", "advertisement", async (advertisement) => (await openPairing()).txtRecord(advertisement)],
  [
    "collectMetrics()",
    "options",
    (options) => collectMetrics(new EventedHTTPServer({ engine: ENGINE }), options),
  ],
  ["startStatusPage()", "options", (options) => startStatusPage(options)],
];

async function openPairing(): Promise<AccessoryPairing> {
  return AccessoryPairing.open({ storage: new MemoryStorage() });
}

/** Options are read only if the HAP-NodeJS is one. */
function installOnce(options: InstallOptions): void {
  const installation = install(hap, { ...options, log: () => undefined });
  assert.ok(installation.isActive, installation.reason);
  installation.uninstall();
}

async function errorOf(call: () => unknown): Promise<ArgumentError> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ArgumentError, String(error));
    return error;
  }
  assert.fail("nothing was thrown");
}

/** @returns The warnings of the process until the test ends. */
function warningsOf(t: TestContext): string[] {
  const warnings: string[] = [];
  t.mock.method(process, "emitWarning", (text: string, options: { type: string; code: string }) => {
    assert.deepEqual(options, { type: "HapwireWarning", code: "HAPWIRE_OPTION" });
    warnings.push(text);
  });
  return warnings;
}

describe("an object of options", () => {
  for (const [name, argument, call] of READERS) {
    it(`is refused by ${name} if it is no object, and the error names it`, async () => {
      for (const value of NOT_OBJECTS) {
        const error = await errorOf(() => call(value as never));
        assert.equal(error.argument, argument);
        assert.match(error.message, new RegExp(`^${argument} must be an object; received .+$`));
      }
    });
  }

  it("is shown in the error by its type alone: a key or a setup code may stand in its place", async () => {
    for (const [value, shown] of [
      [null, "null"],
      [51_808_582, "a value of type number"],
      ["518-08-582", "a string of 10 characters"],
    ] as const) {
      const { message } = await errorOf(() => new EventedHTTPServer(value as never));
      assert.equal(message, `options must be an object; received ${shown}`);
    }
  });
});

describe("a misspelt option", () => {
  it("is warned of once by each reader, with the nearest option", async (t) => {
    const warnings = warningsOf(t);
    const server = new EventedHTTPServer({ engine: ENGINE });
    const misspelt: readonly (readonly [text: string, call: () => unknown])[] = [
      [
        'EventedHTTPServer ignores the unknown option "maxStranger"; the nearest is "maxStrangers"',
        () => new EventedHTTPServer({ engine: ENGINE, maxStranger: 1 } as ServerOptions),
      ],
      [
        'EventedHTTPServer ignores the unknown option "coalesingdelay"; the nearest is "coalescingDelay"',
        () => new EventedHTTPServer({ engine: ENGINE, coalesingdelay: 1 } as ServerOptions),
      ],
      [
        'EventedHTTPServer ignores the unknown option "idleTimeOut"; the nearest is "idleTimeout"',
        () => {
          installOnce({ server: { idleTimeOut: 1 } as ServerOptions });
        },
      ],
      [
        'install() ignores the unknown option "onCaried"; the nearest is "onCarried"',
        () => {
          installOnce({ onCaried: () => undefined } as InstallOptions);
        },
      ],
      [
        'close() ignores the unknown option "dedline"; the nearest is "deadline"',
        async () => server.close({ dedline: 1 } as never),
      ],
      [
        'the frame codec ignores the unknown option "count"; the nearest is "counter"',
        () => new FrameSealer(KEY, { count: 1n } as never),
      ],
      [
        'AccessoryPairing.open() ignores the unknown option "code"; the nearest is "clock"',
        async () => AccessoryPairing.open({ storage: new MemoryStorage(), code: "" } as never),
      ],
      [
        'txtRecord() ignores the unknown option "config"; the nearest is "configuration"',
        async () => (await openPairing()).txtRecord({ model: "Lamp", category: 5, config: 2 } as never),
      ],
      [
        'collectMetrics() ignores the unknown option "registry"; the nearest is "register"',
        () => collectMetrics(server, { register: new Registry(), registry: 1 } as never),
      ],
      [
        'the status page ignores the unknown option "server"; the nearest is "servers"',
        async () => {
          const page = startStatusPage({ port: 0, servers: [], server: 1, log: () => undefined } as never);
          await page.close();
        },
      ],
    ];
    for (const [text, call] of misspelt) {
      await call();
      await call();
      assert.deepEqual(warnings.splice(0), [text]);
    }
  });

  it("is shown shortened, and costs no long search", (t) => {
    const warnings = warningsOf(t);
    const options = { engine: ENGINE, [`x${"y".repeat(1e6)}`]: 1 } as ServerOptions;
    assert.ok(new EventedHTTPServer(options) instanceof EventedHTTPServer);
    assert.equal(warnings.length, 1);
    assert.ok((warnings[0] ?? "").length < 200);
  });

  it("is no name of an option that is left undefined", (t) => {
    const warnings = warningsOf(t);
    const all = { coalescingDelay: undefined, clock: undefined, engine: ENGINE } as unknown as ServerOptions;
    assert.equal(new EventedHTTPServer(all).engine, ENGINE);
    assert.deepEqual(warnings, []);
  });
});

describe("an argument", () => {
  it("is shown in the error with its value, shortened", async () => {
    for (const [value, shown] of [
      ["x", '"x"'],
      ["x".repeat(1000), `"${"x".repeat(78)}…`],
      [10n ** 200n, `1${"0".repeat(78)}…`],
      [Symbol("s"), "Symbol(s)"],
      [-1, "-1"],
      [[1, 2], "an array of 2"],
      [{}, "an object"],
      [Object.create(null), "an object"],
      [new Map(), "an object of class Map"],
      [() => 1, "a value of type function"],
      [new DataView(new ArrayBuffer(3)), "DataView of 3 bytes"],
    ] as const) {
      const call = (): unknown => new EventedHTTPServer({ engine: ENGINE, maxStrangers: value as never });
      const { message } = await errorOf(call);
      assert.equal(message.slice(message.indexOf("; ")), `; received ${shown}`);
    }
  });

  it("that may hold a key or a message is shown by its type and size alone", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const sealer = new FrameSealer(KEY, { engine: ENGINE });
    for (const [shown, call] of [
      ["a string of 32 characters", () => new FrameSealer(secret as never)],
      ["a string of 32 characters", () => sealer.seal(secret as never)],
      ["an array of 2", () => new FrameSealer([1, 2] as never)],
      ["a value of type bigint", () => new FrameSealer(BigInt(`0x${secret}`) as never)],
      ["Buffer of 31 bytes", () => new FrameSealer(Buffer.from(secret.slice(1)))],
    ] as const) {
      const { message } = await errorOf(call);
      assert.equal(message.slice(message.indexOf("; ")), `; received ${shown}`);
    }
  });

  it("is checked by the clock's functions", async () => {
    for (const clock of [null, {}, { now: () => 1, setTimeout: () => 1 }]) {
      const error = await errorOf(() => new EventedHTTPServer({ engine: ENGINE, clock: clock as never }));
      assert.equal(error.argument, "options.clock");
      assert.match(error.message, /an object with the functions now, setTimeout, clearTimeout/);
    }
  });

  it("is checked before the metrics are collected", async () => {
    const server = new EventedHTTPServer({ engine: ENGINE });
    for (const [argument, call] of [
      ["server", () => collectMetrics({} as never)],
      ["server", () => collectMetrics(undefined as never)],
      ["options.register", () => collectMetrics(server, { register: {} as never })],
      ["options.prefix", () => collectMetrics(server, { prefix: "1" })],
      ["options.name", () => collectMetrics(server, { name: "" })],
    ] as const) {
      assert.equal((await errorOf(call)).argument, argument);
    }
  });

  it("is checked when a pairing goes, and no connection is closed if it is wrong", async (t) => {
    const harness = await Harness.start(t, { engine: ENGINE });
    const { connection, controller } = await harness.connect();
    const destroy = (initiator: unknown, username: unknown): void => {
      EventedHTTPServer.destroyExistingConnectionsAfterUnpair(initiator as HAPConnection, username as string);
    };
    for (const username of [undefined, null, 1]) {
      const error = await errorOf(() => {
        destroy(connection, username);
      });
      assert.equal(error.argument, "username");
    }
    for (const initiator of [undefined, {}]) {
      const error = await errorOf(() => {
        destroy(initiator, "user");
      });
      assert.equal(error.argument, "initiator");
    }
    for (const keys of [undefined, null, 5]) {
      const error = await errorOf(() => {
        connection.secure(keys as never);
      });
      assert.equal(error.argument, "keys");
    }
    const error = await errorOf(() => connection.getLocalAddress("IPv4" as never));
    assert.deepEqual([error.argument, /received (.*)$/.exec(error.message)?.[1]], ["ipVersion", '"IPv4"']);
    assert.equal((await controller.get("/")).status, 200);
  });
});
