/** `install(hap)`: what it takes over, what it leaves alone and why, and how all of it is put back. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter, once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { runInThisContext } from "node:vm";

import * as hapNodeJs from "@homebridge/hap-nodejs";

import { EventedHTTPServer, HAPConnection } from "hapwire";
import { install, type Installation, type InstallOptions } from "hapwire/homebridge";

import { ROOT, runNode } from "../support/child";
import { Controller } from "../support/controller";
import { patient } from "../support/patience";
import { portOf } from "../support/port";

const LOOPBACK = "127.0.0.1";
const USERNAME = "0E:11:22:33:44:55";

/** The part of HAP-NodeJS's HAPServer that tests use. */
interface HapServer extends EventEmitter {
  httpServer: unknown;
  listen(port: number, host: string): void;
  destroy(): void;
  sendEventNotifications(aid: number, iid: number, value: unknown, by: unknown, immediate: boolean): void;
}

interface Hap {
  HAPServer: (new (info: object) => HapServer) & { pairingFunctions?: unknown[] };
  EventedHTTPServer: Transport;
  HAPConnection: abstract new () => unknown;
}

type Transport = (new () => EventEmitter) & {
  destroyExistingConnectionsAfterUnpair(initiator: unknown, username: string): void;
};

/** @returns a HAP-NodeJS of the known shape, with classes of its own; its transport never listens. */
function createHap(members: object = {}): Hap {
  class StockServer extends EventEmitter {
    static readonly unpaired: unknown[] = [];

    static destroyExistingConnectionsAfterUnpair(initiator: unknown): void {
      StockServer.unpaired.push(initiator);
    }

    address(): unknown {
      return null;
    }

    listen(port: number): void {
      this.emit("listening", port);
    }

    stop(): void {
      this.emit("stopped");
    }

    destroy(): void {
      this.stop();
    }

    broadcastEvent(): void {
      this.emit("broadcast");
    }
  }
  class StockHapServer extends EventEmitter {
    httpServer: EventEmitter = new StockServer();

    constructor(readonly accessoryInfo: object) {
      super();
      this.httpServer.on("request", () => undefined);
    }

    listen(port: number, host: string): void {
      asServer(this.httpServer).listen(port, host);
    }

    destroy(): void {
      asServer(this.httpServer).destroy();
    }
  }
  class StockConnection extends EventEmitter {}
  return {
    HAPServer: StockHapServer,
    EventedHTTPServer: StockServer,
    HAPConnection: StockConnection,
    ...members,
  } as unknown as Hap;
}

/** Either transport, as HAP-NodeJS calls it. */
function asServer(transport: unknown): Pick<EventedHTTPServer, "listen" | "destroy"> {
  return transport as EventedHTTPServer;
}

function asEmitter(transport: unknown): EventEmitter {
  return transport as EventEmitter;
}

interface Installed {
  readonly installation: Installation;
  readonly lines: readonly string[];
}

/** Installs until the test is over. */
function installIn(t: TestContext, hap: object, options: InstallOptions = {}): Installed {
  const lines: string[] = [];
  const installation = install(hap, { log: (line) => lines.push(line), ...options });
  t.after(() => {
    installation.uninstall();
  });
  return { installation, lines };
}

/** Publishes a bridge until the test is over. */
function publish(
  t: TestContext,
  hap: Hap,
  info: object = { displayName: "Hall", username: USERNAME },
): HapServer {
  const hapServer = new hap.HAPServer(info);
  t.after(() => {
    hapServer.destroy();
  });
  hapServer.listen(0, LOOPBACK);
  return hapServer;
}

describe("install(hap)", { timeout: patient(60_000) }, () => {
  it("carries each bridge that is published, and says so in one line each", (t) => {
    const hap = createHap({ HAPLibraryVersion: () => "77.0.1" });
    const carried: unknown[] = [];
    const options = {
      onCarried: ({ server, name }: { server: object; name: string }) => carried.push([name, server]),
    };
    const { lines, installation } = installIn(t, hap, options);
    assert.deepEqual([installation.isActive, installation.reason], [true, undefined]);
    const servers = ["Hall", "Cellar\nfake line"].map((displayName) =>
      publish(t, hap, { displayName, username: USERNAME }),
    );
    assert.deepEqual(
      carried,
      servers.map(({ httpServer }, i) => [["Hall", "Cellar fake line"][i], httpServer]),
    );
    assert.ok(servers.every(({ httpServer }) => httpServer instanceof EventedHTTPServer));
    assert.equal(lines.length, 2);
    for (const [i, name] of ["Hall", "Cellar fake line"].entries()) {
      assert.match(
        lines[i] ?? "",
        new RegExp(`^carries ${name} \\(${USERNAME}\\): \\w+ engine \\(.+\\), HAP-NodeJS 77.0.1$`),
      );
    }
  });

  it("hands the options to each server", (t) => {
    const hap = createHap();
    installIn(t, hap, { server: { engine: "portable" } });
    const { httpServer } = publish(t, hap);
    assert.equal((httpServer as EventedHTTPServer).engine, "portable");
  });

  it("called twice returns the same, carries a bridge once, and calls both", (t) => {
    const hap = createHap();
    const told: string[] = [];
    const first = installIn(t, hap, { onCarried: ({ name }) => told.push(`first: ${name}`) });
    const second = installIn(t, hap, {
      server: { engine: "portable" },
      onCarried: ({ name }) => told.push(`second: ${name}`),
    });
    assert.equal(second.installation, first.installation);
    const { httpServer } = publish(t, hap);
    assert.deepEqual([first.lines.length, second.lines.length], [1, 0]);
    assert.deepEqual(told, ["first: Hall", "second: Hall"]);
    assert.equal((httpServer as EventedHTTPServer).engine, "portable");
  });

  it("carries the bridges of a HAP-NodeJS whose code is in no file", (t) => {
    const derive = runInThisContext(
      `(Stock) => class extends Stock { listen(...target) { this.httpServer.listen(...target); } }`,
      { filename: "bundle.js" },
    ) as (stock: Hap["HAPServer"]) => Hap["HAPServer"];
    const stock = createHap();
    const hap = { ...stock, HAPServer: derive(stock.HAPServer) };
    const { lines } = installIn(t, hap);
    publish(t, hap);
    assert.match(lines[0] ?? "", /^carries Hall /);
  });

  it("leaves a server that listens again on hapwire", async (t) => {
    const hap = createHap();
    const { lines } = installIn(t, hap);
    const hapServer = publish(t, hap);
    const { httpServer } = hapServer;
    await once(asEmitter(httpServer), "listening");
    const again = (): void => {
      hapServer.listen(0, LOOPBACK);
    };
    assert.throws(again, { code: "ERR_SERVER_ALREADY_LISTEN" });
    assert.deepEqual([hapServer.httpServer === httpServer, lines.length], [true, 1]);
  });

  it("moves all listeners, and those that are called once are", (t) => {
    const hap = createHap();
    installIn(t, hap);
    const hapServer = new hap.HAPServer({});
    const stock = hapServer.httpServer as EventEmitter;
    const calls: string[] = [];
    stock.on("connection-opened", () => calls.push("always"));
    stock.once("connection-opened", () => calls.push("once"));
    hapServer.listen(0, LOOPBACK);
    t.after(() => {
      hapServer.destroy();
    });
    const server = hapServer.httpServer as EventEmitter;
    server.emit("connection-opened");
    server.emit("connection-opened");
    assert.deepEqual(calls, ["always", "once", "always"]);
    assert.deepEqual([stock.eventNames(), server.listenerCount("connection-opened")], [[], 1]);
  });

  it("hands on who listens to errors of the TCP server", async (t) => {
    const hap = hapNodeJs as unknown as Hap;
    installIn(t, hap);
    const { httpServer: first } = publish(t, hap);
    await once(asEmitter(first), "listening");
    const hapServer = new hap.HAPServer({ username: USERNAME });
    t.after(() => {
      hapServer.destroy();
    });
    const { tcpServer } = hapServer.httpServer as { tcpServer: EventEmitter };
    const refused = new Promise<Error>((resolve) => tcpServer.on("error", resolve));
    hapServer.listen(portOf(first as EventedHTTPServer), LOOPBACK);
    assert.ok(hapServer.httpServer instanceof EventedHTTPServer);
    assert.equal(((await refused) as NodeJS.ErrnoException).code, "EADDRINUSE");
  });

  it("carries a bridge though onCarried or log throws", (t) => {
    const hap = createHap();
    const lines: string[] = [];
    installIn(t, hap, {
      log: (line) => {
        lines.push(line);
        throw new Error("the log is full");
      },
      onCarried: () => {
        throw new Error("not today");
      },
    });
    const { httpServer } = publish(t, hap);
    assert.ok(httpServer instanceof EventedHTTPServer);
    assert.equal(lines[1], `onCarried has thrown for Hall (${USERNAME}): not today`);
  });

  it("sends an unpair to the class that the connection is of", async (t) => {
    const hap = createHap();
    const { unpaired } = hap.EventedHTTPServer as unknown as { unpaired: unknown[] };
    installIn(t, hap);
    const server = publish(t, hap).httpServer as EventedHTTPServer;
    await once(server, "listening");
    const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
    const controller = await Controller.connect(portOf(server));
    const [connection] = await opened;
    connection.connectionAuthenticated("user");
    const stockConnection = { server: new hap.EventedHTTPServer() };
    hap.EventedHTTPServer.destroyExistingConnectionsAfterUnpair(stockConnection, "user");
    assert.deepEqual([unpaired, controller.isClosed], [[stockConnection], false]);
    hap.EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
    await controller.closed;
    assert.equal(unpaired.length, 1);
  });

  it("makes instanceof true for HAP-NodeJS's classes, and for no class that extends them", (t) => {
    const hap = createHap();
    installIn(t, hap);
    const { httpServer } = publish(t, hap);
    class Other extends hap.EventedHTTPServer {}
    assert.deepEqual(
      [
        httpServer instanceof hap.EventedHTTPServer,
        httpServer instanceof Other,
        new Other() instanceof Other,
      ],
      [true, false, true],
    );
    assert.ok(new Other() instanceof hap.EventedHTTPServer && !({} instanceof hap.EventedHTTPServer));
    const ours: unknown = Object.create(HAPConnection.prototype);
    assert.ok(ours instanceof hap.HAPConnection && !(new EventEmitter() instanceof hap.HAPConnection));
  });
});

describe(
  "install(hap) leaves the bridge on HAP-NodeJS's transport, and says why",
  { timeout: patient(60_000) },
  () => {
    for (const [why, hap, reason] of [
      ["exports no HAPServer", {}, "this HAP-NodeJS does not export its class HAPServer"],
      [
        "has no method listen",
        { HAPServer: EventEmitter },
        "the class HAPServer of this HAP-NodeJS has no method listen",
      ],
    ] as const) {
      it(`if HAP-NodeJS ${why}`, (t) => {
        const { lines, installation } = installIn(t, hap);
        assert.equal(installation.reason, `${reason}; bridges run as before`);
        assert.deepEqual(lines, [`is not active: ${reason}; bridges run as before`]);
      });
    }

    for (const [why, change, reason] of [
      [
        "hides its transport",
        (hapServer) => (hapServer.httpServer = undefined),
        "the HAPServer of this HAP-NodeJS does not show its transport (httpServer)",
      ],
      [
        "has another transport",
        (hapServer) => (hapServer.httpServer = new EventEmitter()),
        "the transport of this HAP-NodeJS has no method address",
      ],
      [
        "closes connections in another way",
        (_hapServer, hap) => {
          Object.assign(hap.EventedHTTPServer, { destroyExistingConnectionsAfterUnpair: undefined });
        },
        "its transport is of a class that hapwire does not know (no destroyExistingConnectionsAfterUnpair of its own)",
      ],
      [
        "has a transport of a subclass",
        (hapServer, hap) => {
          class Plugins extends hap.EventedHTTPServer {}
          hapServer.httpServer = new Plugins().on("request", () => undefined);
        },
        "its transport is of a class that hapwire does not know",
      ],
      [
        "takes requests by another event",
        ({ httpServer }) => (httpServer as EventEmitter).removeAllListeners(),
        "this HAP-NodeJS does not take requests from its transport by the event request",
      ],
      [
        "listens already",
        ({ httpServer }) => Object.assign(httpServer as object, { address: () => ({ port: 1 }) }),
        "its server listens already",
      ],
      [
        "does not let its transport be assigned",
        (hapServer) => Object.freeze(hapServer),
        "Cannot assign to read only property 'httpServer' of object",
      ],
    ] as [string, (hapServer: HapServer, hap: Hap) => unknown, string][]) {
      it(`if HAP-NodeJS ${why}`, (t) => {
        const hap = createHap();
        const { lines } = installIn(t, hap);
        const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
        change(hapServer, hap);
        const { httpServer } = hapServer;
        const stock = httpServer as EventEmitter | undefined;
        const listeners = stock?.listenerCount("request");
        try {
          hapServer.listen(0, LOOPBACK);
        } catch {
          // As HAP-NodeJS does without a transport.
        }
        const [line = ""] = lines;
        assert.ok(line.startsWith(`is not active for Hall (${USERNAME}): ${reason}`), line);
        assert.ok(line.endsWith("; the bridge runs as before"), line);
        assert.equal(hapServer.httpServer, httpServer);
        assert.equal(stock?.listenerCount("request"), listeners);
      });
    }

    it("if HAP-NodeJS ignores that its transport is assigned", (t) => {
      const hap = createHap();
      const { lines } = installIn(t, hap);
      const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
      const { httpServer } = hapServer;
      Object.defineProperty(hapServer, "httpServer", { get: () => httpServer, set: () => undefined });
      hapServer.listen(0, LOOPBACK);
      assert.match(lines[0] ?? "", /keeps its own transport; the bridge runs as before$/);
      assert.equal((httpServer as EventEmitter).listenerCount("request"), 1);
    });

    it("if HAP-NodeJS throws when hapwire looks at it", (t) => {
      for (const member of ["httpServer", "accessoryInfo"]) {
        let listened = false;
        const hap = createHap();
        Object.assign(hap.HAPServer.prototype as object, { listen: () => (listened = true) });
        const { lines } = installIn(t, hap);
        const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
        Object.defineProperty(hapServer, member, {
          get: () => {
            throw new Error("private");
          },
        });
        hapServer.listen(0, LOOPBACK);
        assert.ok(listened);
        assert.deepEqual(lines, ["is not active for a bridge: private; the bridge runs as before"]);
      }
    });

    it("if HAP-NodeJS calls what hapwire has not got", (t) => {
      const hap = createHap();
      class Later extends hap.HAPServer {
        pause(): void {
          (this.httpServer as { pauseAll(): void }).pauseAll();
        }
      }
      const { lines } = installIn(t, { ...hap, HAPServer: Later });
      publish(t, { ...hap, HAPServer: Later });
      assert.match(
        lines[0] ?? "",
        /: this HAP-NodeJS calls this\.httpServer\.pauseAll\(\), which hapwire does not know;/,
      );
    });

    it("if HAP-NodeJS can't be changed, and what it pairs with is as before", (t) => {
      const hap = createHap();
      Object.freeze(hap.HAPServer.prototype);
      const tweetnacl = createRequire(__filename)("tweetnacl") as object;
      const before = Object.getOwnPropertyDescriptors(tweetnacl);
      const { lines, installation } = installIn(t, hap);
      assert.equal(installation.isActive, false);
      assert.deepEqual(Object.getOwnPropertyDescriptors(tweetnacl), before);
      assert.match(
        lines[0] ?? "",
        /^is not active: Cannot redefine property: listen; bridges run as before$/,
      );
    });

    it("if an option is wrong", (t) => {
      for (const [argument, options] of [
        ["options.server.maxStrangers", { server: { maxStrangers: 0 } }],
        ["options.server", { server: 5 }],
        ["options.onCarried", { onCarried: "later" }],
      ] as const) {
        const { lines, installation } = installIn(t, createHap(), options as InstallOptions);
        assert.equal(installation.isActive, false);
        const [line = ""] = lines;
        assert.ok(line.startsWith(`is not active: ${argument} must be `), line);
        assert.match(line, /; bridges run as before$/);
      }
    });

    it("if the options are no object or the log is no function, on standard error", async () => {
      const code = `
        const { install } = require("hapwire/homebridge");
        const hap = require("@homebridge/hap-nodejs");
        for (const options of [null, 5, { log: "here" }]) console.log(install(hap, options).isActive);`;
      const { stdout, stderr } = await runNode(["--eval", code]);
      assert.equal(stdout, "false\nfalse\nfalse\n");
      assert.deepEqual(stderr.trim().split("\n"), [
        "hapwire is not active: options must be an object; received null; bridges run as before",
        "hapwire is not active: options must be an object; received 5; bridges run as before",
        'hapwire is not active: options.log must be a function; received "here"; bridges run as before',
      ]);
    });

    it("if Node is too old", (t) => {
      const { versions } = process;
      const set = (value: object): void => {
        Object.defineProperty(process, "versions", { value, configurable: true, enumerable: true });
      };
      t.after(() => {
        set(versions);
      });
      set({ ...versions, node: "18.20.8" });
      const { lines } = installIn(t, createHap());
      assert.match(
        lines[0] ?? "",
        /^is not active: Node v\S+ is too old, hapwire needs Node 20 or newer; bridges run as before$/,
      );
    });

    it("if another copy of hapwire carries its bridges, which go on", async () => {
      const code = `
      const hap = require("@homebridge/hap-nodejs");
      const { install } = require("hapwire/homebridge");
      install(hap);
      for (const file of Object.keys(require.cache)) {
        if (!file.includes("node_modules")) delete require.cache[file];
      }
      const again = require("hapwire/homebridge").install;
      const { isActive, reason } = again(hap);
      console.log(again === install, isActive, reason);
      const server = new hap.HAPServer(hap.AccessoryInfo.create("${USERNAME}"));
      server.listen(0, "${LOOPBACK}");
      server.destroy();`;
      const { stdout, stderr } = await runNode(["--eval", code]);
      const { version } = createRequire(__filename)(path.join(ROOT, "package.json")) as { version: string };
      const reason = `another copy of hapwire (${version}) carries the bridges of this HAP-NodeJS already`;
      assert.equal(stdout, `false false ${reason}\n`);
      const [refusal, carried, ...others] = stderr.split("\n");
      assert.equal(refusal, `hapwire is not active: ${reason}`);
      assert.match(carried ?? "", /^hapwire carries /);
      assert.deepEqual(others, [""]);
    });
  },
);

describe("uninstall()", { timeout: patient(60_000) }, () => {
  it("puts back all that install has changed, in HAP-NodeJS and in what it pairs with", async (t) => {
    const hap = hapNodeJs as unknown as Hap;
    const load = createRequire(require.resolve("@homebridge/hap-nodejs"));
    const { SRP } = load("fast-srp-hap") as { SRP: { params: { hap: { N: object } } } };
    const touched = [
      hap.HAPServer.prototype as object,
      hap.EventedHTTPServer,
      hap.HAPConnection,
      load("tweetnacl") as object,
      load("./lib/util/hapCrypto") as object,
      Object.getPrototypeOf(SRP.params.hap.N) as object,
      Error,
    ];
    const describeAll = (): unknown[] => touched.map((object) => Object.getOwnPropertyDescriptors(object));
    const before = describeAll();
    const { installation } = installIn(t, hap);
    const carried = publish(t, hap);
    const changed = describeAll().map((after, i) => {
      const [a, b] = [after, before[i]] as [Record<PropertyKey, PropertyDescriptor>, typeof after];
      return Reflect.ownKeys(a)
        .filter((key) => a[key]?.value !== (b as typeof a)[key]?.value)
        .map(String);
    });
    assert.deepEqual(changed, [
      ["listen", "Symbol(hapwire.carried-by)"],
      ["destroyExistingConnectionsAfterUnpair", "Symbol(Symbol.hasInstance)"],
      ["Symbol(Symbol.hasInstance)"],
      ["scalarMult", "box", "sign", "Symbol(hapwire.pairing)"],
      hapCryptoChanges(carried),
      ["modPow", "Symbol(hapwire.pairing)"],
      [],
    ]);
    const closed = nextClosed();
    installation.uninstall();
    const isBack = (): boolean[] => describeAll().map((now, i) => isDeepStrictEqual(now, before[i]));
    // A bridge that is still carried needs the classes of the transport.
    assert.deepEqual(isBack(), [true, false, false, true, true, true, true]);
    await once(asEmitter(carried.httpServer), "listening");
    carried.destroy();
    await closed;
    assert.deepEqual(describeAll(), before);
    assert.deepEqual([installation.isActive, installation.reason], [false, "hapwire was uninstalled"]);
    const { httpServer: stock } = publish(t, hap);
    assert.ok(!(stock instanceof EventedHTTPServer));
    assert.ok(carried.httpServer instanceof EventedHTTPServer);
    // A server that is stopped before it listens goes on to listen in Node 20.11.
    await once(asEmitter(stock), "listening");
  });

  it("goes on to close the connections of a controller that is unpaired from a carried bridge", async (t) => {
    const hap = hapNodeJs as unknown as Hap;
    const { installation } = installIn(t, hap);
    const server = publish(t, hap).httpServer as EventedHTTPServer;
    await once(server, "listening");
    const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
    const controller = await Controller.connect(portOf(server));
    const [connection] = await opened;
    connection.connectionAuthenticated("user");
    installation.uninstall();
    hap.EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
    await controller.closed;
    assert.ok(connection instanceof hap.HAPConnection);
  });

  it("called again leaves what another install has done since", (t) => {
    const hap = createHap();
    const { installation } = installIn(t, hap);
    installation.uninstall();
    const { installation: second } = installIn(t, hap);
    installation.uninstall();
    assert.equal(install(hap), second);
    assert.ok(publish(t, hap).httpServer instanceof EventedHTTPServer);
  });

  it("leaves what another library has put on top, and carries nothing more through it", (t) => {
    const hap = createHap();
    const { installation } = installIn(t, hap);
    const { prototype } = hap.HAPServer as { prototype: { listen: HapServer["listen"] } };
    const below = { listen: prototype.listen };
    const wrapped = function (this: HapServer, port: number, host: string): void {
      below.listen.call(this, port, host);
    };
    prototype.listen = wrapped;
    installation.uninstall();
    assert.equal(prototype.listen === wrapped, true);
    assert.ok(!(publish(t, hap).httpServer instanceof EventedHTTPServer));
  });
});

/** Resolves when a server of hapwire has closed. */
async function nextClosed(): Promise<void> {
  return new Promise((resolve) => {
    const onClosed = (): void => {
      unsubscribe("hapwire:server:closed", onClosed);
      resolve();
    };
    subscribe("hapwire:server:closed", onClosed);
  });
}

/** The portable engine seals no messages. */
function hapCryptoChanges({ httpServer }: HapServer): string[] {
  const isNative = (httpServer as EventedHTTPServer).engine === "native";
  const messages = ["chacha20_poly1305_decryptAndVerify", "chacha20_poly1305_encryptAndSeal"];
  return ["HKDF", ...(isNative ? messages : []), "Symbol(hapwire.pairing)"];
}

describe("install(hap) of a HAP-NodeJS that is made of ES modules", { timeout: patient(60_000) }, () => {
  it("carries it: requests, events, unpair, and what it pairs with", async (t) => {
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
