/** `install(hap)`: takes over the bridges that are published. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { runInThisContext } from "node:vm";

import * as hapNodeJs from "@homebridge/hap-nodejs";

import { EventedHTTPServer, HAPConnection } from "hapwire";

import { Controller } from "../support/controller";
import { patient } from "../support/patience";
import { portOf } from "../support/port";
import {
  asEmitter,
  createHap,
  installIn,
  LOOPBACK,
  publish,
  USERNAME,
  type Hap,
} from "../support/stand-in-hap";

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

  it("ignores wrong server options of a second call, and names them", (t) => {
    const hap = createHap();
    const told: string[] = [];
    const first = installIn(t, hap);
    const second = installIn(t, hap, {
      server: { maxStrangers: 0 },
      onCarried: ({ name }) => told.push(name),
    });
    assert.equal(second.installation, first.installation);
    assert.equal(second.installation.isActive, true);
    assert.match(
      second.lines.join("\n"),
      /^is active, but ignores the server options of this call: options\.server\.maxStrangers must be .+$/,
    );
    assert.ok(publish(t, hap).httpServer instanceof EventedHTTPServer);
    assert.deepEqual([first.lines.length, told], [1, ["Hall"]]);
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
