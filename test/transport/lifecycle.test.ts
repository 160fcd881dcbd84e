/** The life of a server and of a connection: listening, idling, closing, stopping, and nothing left behind. */

import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import os, { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";

import { EventedHTTPServer, EventedHTTPServerEvent, HAPConnectionEvent, type HAPConnection } from "hapwire";

import { ManualClock } from "../support/clock";
import { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed } from "../support/harness";
import { portOf } from "../support/port";

const HOUR = 60 * 60 * 1000;

for (const engine of transportEngines()) {
  describe(`lifecycle (${engine})`, () => {
    it("emits listening, connection-opened, authenticated and connection-closed as HAP-NodeJS does", async (t) => {
      const server = new EventedHTTPServer({ engine });
      t.after(() => {
        server.destroy();
      });
      const seen: unknown[][] = [];
      for (const event of Object.values(EventedHTTPServerEvent)) {
        server.on(event, (...values: unknown[]) => seen.push([event, ...values]));
      }
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const port = portOf(server);
      assert.deepEqual(seen, [["listening", port, "127.0.0.1"]]);

      const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
      const controller = await Controller.connect(port);
      const [connection] = await opened;
      assert.deepEqual(seen[1], ["connection-opened", connection]);
      connection.enableEventNotifications(1, 9);
      const authenticated = once(connection, HAPConnectionEvent.AUTHENTICATED);
      connection.connectionAuthenticated("user");
      assert.deepEqual(await authenticated, ["user"]);
      assert.ok(connection.isAuthenticated());

      let registered: Set<string> | undefined;
      server.on("connection-closed", (closed) => (registered = closed.getRegisteredEvents()));
      const closed = once(server, "connection-closed");
      controller.destroy();
      assert.deepEqual(await closed, [connection]);
      assert.deepEqual(
        registered,
        new Set(["1.9"]),
        "HAP-NodeJS asks for the subscriptions of a closed connection",
      );
      assert.ok(!connection.isAuthenticated());
    });

    it("does nothing for a closed connection, even if another has its place", async (t) => {
      const harness = await Harness.start(t, { engine });
      const first = await harness.connectSecured();
      const gone = whenClosed(first.connection);
      first.connection.close();
      await gone;
      const second = await harness.connectSecured();
      first.connection.enableEventNotifications(1, 9);
      first.connection.sendEvent(1, 9, 1, true);
      first.connection.connectionAuthenticated("ghost");
      assert.ok(!second.connection.hasEventNotifications(1, 9));
      second.connection.enableEventNotifications(1, 9);
      assert.ok(!first.connection.hasEventNotifications(1, 9));
      assert.deepEqual(first.connection.getRegisteredEvents(), new Set());
      assert.equal(harness.server.stats().connections, 1);
    });

    it("closes no connection for the events of a closed one that had its place", async (t) => {
      const harness = await Harness.start(t, { engine, maxQueuedEvents: 1 });
      const first = await harness.connect();
      first.connection.enableEventNotifications(1, 9);
      const gone = whenClosed(first.connection);
      first.connection.close();
      await gone;
      const { controller, connection } = await harness.connect();
      for (let value = 0; value < 3; value += 1) {
        harness.server.broadcastEvent(1, 9, value, undefined, true);
      }
      assert.equal(connection.closeReason, undefined);
      assert.equal((await controller.get("/")).status, 200);
    });

    it("keeps subscriptions in the order in which they were made, without unsubscribed ones", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connect();
      for (const iid of [9, 10, 2 ** 53 - 1]) {
        connection.enableEventNotifications(1, iid);
        connection.enableEventNotifications(1, iid);
      }
      connection.disableEventNotifications(1, 10);
      assert.deepEqual([...connection.getRegisteredEvents()], ["1.9", `1.${String(2 ** 53 - 1)}`]);
      assert.ok(connection.hasEventNotifications(1, 9));
      assert.ok(!connection.hasEventNotifications(1, 10));
      connection.clearRegisteredEvents();
      assert.equal(connection.getRegisteredEvents().size, 0);
    });

    it("leaves no port open if it is stopped before it listens", async () => {
      for (const end of ["stop", "destroy", "close"] as const) {
        const server = new EventedHTTPServer({ engine });
        let listened = false;
        server.on("listening", () => (listened = true));
        server.listen(0, "localhost");
        await server[end]();
        // Whatever the server waits for came before this in the same queues.
        await lookup("localhost");
        await setImmediate();
        assert.equal(listened, false, end);
        assert.equal(server.address(), null, end);
      }
    });

    it("stop() closes all at once, and may be called twice", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pairs = await harness.connectMany(3);
      harness.server.stop();
      harness.server.stop();
      await Promise.all(pairs.map(({ controller }) => controller.closed));
      harness.server.destroy();
      assert.equal(harness.server.listenerCount("request"), 0);
    });

    it("close() lets responses under way finish, and resolves when all is down", async (t) => {
      const harness = await Harness.start(t, { engine });
      const idle = await harness.connectSecured();
      const busy = await harness.connectSecured();
      const asked = new Promise<ServerResponse>((resolve) => {
        harness.handler = (_request, response) => {
          resolve(response);
        };
      });
      busy.controller.send("GET", "/slow");
      const response = await asked;
      const down = harness.server.close();
      await idle.controller.closed;
      assert.ok(!busy.controller.isClosed);
      response.end("z".repeat(1_000_000));
      assert.equal((await busy.controller.nextResponse()).body.length, 1_000_000);
      await down;
      assert.equal(harness.server.stats().connections, 0);
      await harness.server.close();
    });

    it("close() resolves whatever listeners the application takes away meanwhile", async (t) => {
      const harness = await Harness.start(t, { engine });
      await harness.connectSecured();
      harness.server.on("connection-closed", (connection) => connection.removeAllListeners());
      await harness.server.close();
      assert.equal(harness.server.stats().connections, 0);
    });

    it("warns of an async listener that rejects when nobody listens for errors any more", async (t) => {
      const harness = await Harness.start(t, { engine });
      const fault = new Error("too late");
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what users do
      harness.server.on("connection-opened", async () => {
        await setImmediate();
        throw fault;
      });
      const warned = once(process, "warning");
      await harness.connect();
      harness.server.destroy();
      assert.deepEqual(await warned, [fault]);
    });

    it("close() closes the connections that have not finished at the deadline", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const { controller } = pair;
      const socket = harness.socketOf(pair);
      const asked = new Promise<void>((resolve) => {
        harness.handler = () => {
          resolve();
        };
      });
      controller.send("GET", "/never");
      await asked;
      const down = harness.server.close({ deadline: 1000 });
      clock.advance(999);
      assert.ok(!socket.destroyed);
      clock.advance(1);
      assert.ok(socket.destroyed);
      await down;
      await controller.closed;
      await assert.rejects(harness.server.close({ deadline: -1 }), { argument: "deadline" });
    });

    it("reports a port in use as an error event", async (t) => {
      const blocker = createServer().listen(0, "127.0.0.1");
      t.after(() => blocker.close());
      await once(blocker, "listening");
      const server = new EventedHTTPServer({ engine });
      const failed = once(server, "error") as Promise<[NodeJS.ErrnoException]>;
      server.listen((blocker.address() as AddressInfo).port, "127.0.0.1");
      const [error] = await failed;
      assert.equal(error.code, "EADDRINUSE");
      await server.close();
    });

    it("closes connections idle for an hour, each when it is due, from 16 connections on", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const early = await harness.connectSecured();
      assert.equal(early.connection.openedAt, clock.now());
      clock.advance(HOUR / 2);
      await harness.connectMany(14);
      clock.advance(HOUR / 2 - 1);
      assert.equal(harness.server.connections.size, 15);
      const gone = whenClosed(early.connection);
      await harness.connectSecured();
      assert.ok(!harness.socketOf(early).destroyed);
      clock.advance(1);
      assert.equal(early.connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
      assert.match(early.connection.closeReason.message, /for 3600 s$/);
      await gone;
      assert.equal(harness.server.connections.size, 15);
      // Fifteen are few enough: nothing is swept any more.
      clock.advance(10 * HOUR);
      assert.equal(harness.server.connections.size, 15);
    });

    it("adds no warning for many listeners, even those that raise the limit one by one", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connect();
      const warnings: Error[] = [];
      const note = (warning: Error): number => warnings.push(warning);
      process.on("warning", note);
      t.after(() => process.off("warning", note));
      for (let i = 0; i < 30; i += 1) {
        connection.on("authenticated", () => undefined);
      }
      for (let i = 0; i < 30; i += 1) {
        connection.setMaxListeners(connection.getMaxListeners() + 1);
        connection.on("closed", () => undefined);
      }
      await setImmediate();
      assert.deepEqual(warnings, []);
    });

    it("listens on one socket, and has one descriptor for each connection", async (t) => {
      const before = openSockets();
      const harness = await Harness.start(t, { engine });
      assert.equal(openSockets() - before, 1);
      const pairs = await harness.connectMany(10);
      // Both ends are in this process.
      assert.equal(openSockets() - before, 1 + 2 * pairs.length);
    });
  });
}

describe("loopback", () => {
  it("leaves no loopback port open but its own", async (t) => {
    const before = listeningPorts();
    const harness = await Harness.start(t);
    await harness.connectMany(5);
    const opened = listeningPorts().filter((port) => !before.includes(port));
    assert.deepEqual(opened, [harness.port]);
    // Another process that scans them all reaches nothing else of this one.
    const scan = await scanLoopback([...listeningPorts()]);
    assert.ok(scan.includes(harness.port));
    assert.equal(
      harness.server.stats().accepted,
      5 + 1,
      "a scan of all ports reached the server more than once",
    );
  });
});

describe("addresses", () => {
  it("are those of IPv4, IPv6 and IPv4-mapped controllers", async (t) => {
    const harness = await Harness.start(t, {}, "::");
    const loopback = loopbackName();
    for (const [host, remoteAddress] of [
      ["127.0.0.1", "::ffff:127.0.0.1"],
      ["::1", "::1"],
    ] as const) {
      const { connection } = await harness.connect(host);
      assert.equal(connection.remoteAddress, remoteAddress);
      assert.equal(connection.localAddress, remoteAddress);
      assert.equal(connection.networkInterface, loopback);
      assert.equal(connection.getLocalAddress("ipv4"), "127.0.0.1");
      assert.equal(connection.getLocalAddress("ipv6"), "::1");
    }
  });

  it("are unknown, and end nothing, if the system does not show the network interfaces", async (t) => {
    t.mock.method(os, "networkInterfaces", () => {
      throw new Error("uv_interface_addresses returned EAFNOSUPPORT");
    });
    const harness = await Harness.start(t);
    const { connection } = await harness.connect();
    assert.equal(connection.networkInterface, "unknown");
    assert.throws(() => connection.getLocalAddress("ipv4"), { code: "ERR_HAPWIRE_NO_ADDRESS" });
  });
});

function loopbackName(): string {
  const found = Object.entries(networkInterfaces()).find(([, infos]) =>
    infos?.some(({ address }) => address === "127.0.0.1"),
  );
  assert.ok(found !== undefined);
  return found[0];
}

/** How many descriptors of this process are sockets. */
function openSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // The descriptor of the listing itself.
    }
  }).length;
}

/** The TCP ports that this process listens on, by the kernel's list of its sockets. */
function listeningPorts(): number[] {
  const inodes = new Set(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const LISTEN = "0A";
  return ["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap((table) =>
    readFileSync(table, "latin1")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === LISTEN && inodes.has(String(inode)))
      .map(([, local = ""]) => Number.parseInt(local.split(":")[1] ?? "", 16)),
  );
}

/** @returns Those of the ports that take a connection. */
async function scanLoopback(ports: number[]): Promise<number[]> {
  const open = await Promise.all(
    ports.map(async (port) => {
      const socket = connect({ port, host: "127.0.0.1" });
      const isOpen = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      return isOpen ? [port] : [];
    }),
  );
  return open.flat();
}
