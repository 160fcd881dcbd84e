/** What HAP-NodeJS and Homebridge pass to their transport, and what plugins reach of it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:net";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";

import { deriveSessionKeys, EventedHTTPServer, FrameOpener, FrameSealer } from "hapwire";

import { runNode } from "../support/child";
import { Harness, transportEngines } from "../support/harness";

type ListenArguments = Parameters<EventedHTTPServer["listen"]>;

for (const engine of transportEngines()) {
  describe(`a server on the ${engine} engine, as HAP-NodeJS uses it`, () => {
    const targets: ListenArguments[] = [
      [],
      [undefined],
      [null],
      [0, null],
      ["0"],
      [{ port: 0, host: "127.0.0.1" }],
    ];
    for (const target of targets) {
      it(`listens on ${JSON.stringify(target)}`, async (t) => {
        const server = new EventedHTTPServer({ engine });
        t.after(() => {
          server.destroy();
        });
        server.listen(...target);
        const [port] = (await once(server, "listening")) as [port: number];
        assert.ok(port > 0);
      });
    }

    it("throws Node's errors for a bad port and for a second call", async (t) => {
      const harness = await Harness.start(t, { engine });
      assert.throws(
        () => {
          new EventedHTTPServer({ engine }).listen(65_536);
        },
        { code: "ERR_SOCKET_BAD_PORT" },
      );
      assert.throws(
        () => {
          harness.server.listen(0);
        },
        { code: "ERR_SERVER_ALREADY_LISTEN" },
      );
      const { controller } = await harness.connect();
      assert.equal((await controller.get("/")).status, 200);
    });

    it("leaves an error of its TCP server to whoever listens there", async (t) => {
      const harness = await Harness.start(t, { engine });
      const server = new EventedHTTPServer({ engine });
      t.after(() => {
        server.destroy();
      });
      const failed = once((server as unknown as { tcpServer: Server }).tcpServer, "error");
      server.listen(harness.port, "127.0.0.1");
      const [error] = (await failed) as [NodeJS.ErrnoException];
      assert.equal(error.code, "EADDRINUSE");
    });

    it("sends nothing for ids that nobody can subscribe to, and throws nothing", async (t) => {
      const { server } = await Harness.start(t, { engine });
      for (const id of [0, -1, 1.5, NaN, Infinity, undefined, null, "1"] as number[]) {
        server.broadcastEvent(id, 9, true, undefined, true);
        server.broadcastEvent(1, id, true, undefined, true);
      }
      assert.equal(server.stats().total.eventsQueued, 0);
    });

    it("hands the inside of a request to no handler", async (t) => {
      const harness = await Harness.start(t, { engine });
      const inside = new Set(["Link", "Wire", "ConnectionHttp", "Exchanges", "RequestBoundaries"]);
      const reached: string[] = [];
      harness.handler = (request, response) => {
        for (const object of [request, response, request.socket]) {
          const held = Reflect.ownKeys(object).map((key) => Reflect.get(object, key) as unknown);
          const names = held.map((value) => (value instanceof Object ? value.constructor.name : ""));
          reached.push(...names.filter((name) => inside.has(name)));
        }
        response.end();
      };
      const { controller } = await harness.connectSecured();
      await controller.get("/");
      assert.deepEqual(reached, []);
    });

    it("hands the inside of a connection to nobody", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connectSecured();
      const names = new Set<string>();
      for (
        let level: object | null = connection;
        level !== null;
        level = Object.getPrototypeOf(level) as object | null
      ) {
        Object.getOwnPropertyNames(level).forEach((name) => names.add(name));
      }
      for (const inside of [
        "transmit",
        "handlePlaintext",
        "fail",
        "refuse",
        "slot",
        "window",
        "flushEvents",
      ]) {
        assert.ok(!names.has(inside), inside);
      }
    });
  });
}

describe("bytes of another realm", () => {
  const foreign = (length: number): Uint8Array =>
    runInNewContext(`new Uint8Array(${String(length)})`) as Uint8Array;

  it("are keys, frames and secrets as others are", () => {
    assert.ok(!(foreign(1) instanceof Uint8Array));
    for (const engine of transportEngines()) {
      const sealed = new FrameSealer(foreign(32), { engine }).seal(foreign(5));
      assert.equal(new FrameOpener(foreign(32), { engine }).open(sealed).length, 5);
    }
    assert.equal(deriveSessionKeys(foreign(32)).accessoryToControllerKey.length, 32);
  });
});

describe("HAPWIRE_OPTIONS", () => {
  /** Opens three connections, waits until as many are left as expected, and prints the warnings. */
  const program = `
    const { EventedHTTPServer } = require("hapwire");
    const { connect } = require("node:net");
    const [options, expected] = process.argv.slice(1);
    const warnings = [];
    process.on("warning", (warning) => warnings.push(warning.message));
    new EventedHTTPServer();
    const server = new EventedHTTPServer(JSON.parse(options));
    let opened = 0;
    const look = () => {
      if (opened < 3 || server.connections.size !== Number(expected)) return;
      console.log(JSON.stringify(warnings));
      process.exit();
    };
    server.on("connection-opened", () => { opened += 1; setImmediate(look); });
    server.on("connection-closed", look);
    server.on("listening", (port) => { for (let i = 0; i < 3; i += 1) connect(port, "127.0.0.1"); });
    server.listen(0, "127.0.0.1");`;

  /** @returns The warnings of a process in which a server keeps `kept` of three strangers. */
  async function warningsOf(variable: string, kept: number, options = "{}"): Promise<string[]> {
    const args = ["--eval", program, options, String(kept)];
    const { code, stdout, stderr } = await runNode(args, { env: { HAPWIRE_OPTIONS: variable } });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as string[];
  }

  it("sets the options of every server of the process", async () => {
    assert.deepEqual(await warningsOf('{"maxStrangers":1}', 1), []);
  });

  it("gives way to the options of a constructor", async () => {
    assert.deepEqual(await warningsOf('{"maxStrangers":1}', 3, '{"maxStrangers":9}'), []);
  });

  for (const [text, reason] of [
    [
      '{"maxStranger":1}',
      /^HAPWIRE_OPTIONS is ignored: unknown option "maxStranger"; the nearest is "maxStrangers"/,
    ],
    ['{"maxStrangers":0}', /^HAPWIRE_OPTIONS is ignored: options\.maxStrangers must be/],
    ['{"clock":{}}', /^HAPWIRE_OPTIONS is ignored: the option "clock" can only be given to a constructor/],
    ["[1]", /^HAPWIRE_OPTIONS is ignored: expected a JSON object/],
    ["{", /^HAPWIRE_OPTIONS is ignored: /],
  ] as const) {
    it(`is ignored with one warning if it is ${text}`, async () => {
      const [warning, ...more] = await warningsOf(text, 3);
      assert.match(warning ?? "", reason);
      assert.deepEqual(more, []);
    });
  }
});
