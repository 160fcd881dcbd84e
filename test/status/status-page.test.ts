/** The status page over HTTP: its readers, its contents, the secrets it never shows, and the files it leaves behind. */

import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { ArgumentError } from "hapwire";
import { judge } from "#src/status/access";
import { serveStatusFromEnvironment } from "#src/status/environment";
import { StatusPage, type StatusPageOptions } from "#src/status/status-page";
import type { StatusReport } from "#src/status/report";

import { BusyBridge } from "../support/busy-bridge";
import { runNode } from "../support/child";
import { ManualClock } from "../support/clock";
import { Harness } from "../support/harness";
import { portOf } from "../support/port";

const HIDDEN_INTERFACES = path.join(__dirname, "..", "support", "hidden-interfaces.js");

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
}

/** Asks the page's server on its own connection; `path` is taken as it is, from the server's root. */
async function ask(url: string, { method = "GET", path, headers = {} }: Asked = {}): Promise<Answer> {
  const { hostname, port, pathname } = new URL(url);
  const request = httpRequest({
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    path: path ?? pathname,
    method,
    headers,
    agent: false,
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks = (await response.toArray()) as Buffer[];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  };
}

async function reportOf(url: string): Promise<StatusReport> {
  const { status, body } = await ask(new URL("status.json", url).href);
  assert.equal(status, 200);
  return JSON.parse(body) as StatusReport;
}

/** Starts a page; it ends with the test. */
async function start(
  t: TestContext,
  options: Omit<StatusPageOptions, "port"> = { servers: [] },
): Promise<{ page: StatusPage; url: string; lines: string[] }> {
  const lines: string[] = [];
  const page = new StatusPage({ port: 0, log: (line) => lines.push(line), ...options });
  t.after(async () => page.close());
  const url = await page.ready;
  assert.ok(url !== undefined, lines.join());
  return { page, url, lines };
}

/** An address of this machine that others may reach; undefined if it has loopback only. */
function outsideAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((infos) => infos ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

describe("the status page on loopback", () => {
  it("gives its files and nothing else, whatever the path", async (t) => {
    const { url, lines } = await start(t);
    assert.deepEqual(lines, [`status page: ${url}`]);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await ask(url);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    const names = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name ?? "");
    assert.ok(names.includes("main.js") && names.includes("uplot.js"));
    for (const name of names) {
      assert.equal((await ask(new URL(name, url).href)).status, 200, name);
    }
    for (const path of [
      "/index.htm",
      "/page/index.html",
      "/../status-page.js",
      "/..%2fstatus-page.js",
      "/%2e%2e/status-page.js",
      "/uplot-LICENSE.txt",
      "/.",
      "//",
      "http://127.0.0.1/../report.js",
      "*",
    ]) {
      assert.equal((await ask(url, { path })).status, 404, path);
    }
  });

  it("serves every module that its modules import", async (t) => {
    const { url } = await start(t);
    const seen = new Set<string>();
    const visit = async (name: string): Promise<void> => {
      if (seen.has(name)) return;
      seen.add(name);
      const { status, headers, body } = await ask(new URL(name, url).href);
      assert.deepEqual(
        [name, status, headers["content-type"]],
        [name, 200, "text/javascript; charset=utf-8"],
      );
      for (const [, imported] of body.matchAll(/from "\.\/([^"]+)"/g)) {
        await visit(imported ?? "");
      }
    };
    await visit("main.js");
    assert.ok(seen.size > 4);
  });

  it("answers those alone who ask for this machine by name or number", async (t) => {
    const { url } = await start(t);
    const { port } = new URL(url);
    for (const host of ["localhost", `127.0.0.1:${port}`, "LOCALHOST:9000", "127.1.2.3:80", "[::1]:80"]) {
      assert.equal((await ask(url, { headers: { Host: host } })).status, 200, host);
    }
    const foreign = [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "localhost.evil.example:80",
    ];
    for (const host of [
      ...foreign,
      "[::2]:80",
      "10.0.0.1",
      "127.0.0.1@evil.example",
      "evil.example:127.0.0.1",
    ]) {
      for (const path of ["/", "/status.json"]) {
        const { status, body } = await ask(url, { path, headers: { Host: host } });
        assert.deepEqual([status, body.includes("{")], [403, false], host);
      }
    }
    assert.deepEqual(judge({ method: "GET", url: "/" }, undefined), { status: 403 }, "without a Host");
  });

  it("is only for reading", async (t) => {
    const { url } = await start(t);
    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"]) {
      const { status, headers } = await ask(url, { method });
      assert.deepEqual([status, headers.allow], [405, "GET"], method);
    }
  });

  it("says in every answer that nothing is kept, framed, or fetched from elsewhere", async (t) => {
    const { url } = await start(t);
    for (const asked of [{}, { path: "/status.json" }, { path: "/nothing" }, { method: "POST" }]) {
      const { headers } = await ask(url, asked);
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
      assert.equal(headers["access-control-allow-origin"], undefined);
      const policy = String(headers["content-security-policy"]);
      assert.ok(policy.startsWith("default-src 'none'") && policy.includes("frame-ancestors 'none'"));
      assert.ok(!/unsafe|\*|https?:|data:/.test(policy), policy);
    }
  });
});

describe("the status page beyond loopback", () => {
  it("is found by its token alone", async (t) => {
    const { url, lines } = await start(t, { host: "0.0.0.0", servers: [] });
    assert.deepEqual(lines, [`status page: ${url}`]);
    const token = /^http:\/\/[^/]+\/([\w-]{24})\/$/.exec(url)?.[1] ?? assert.fail(url);
    const local = `http://127.0.0.1:${new URL(url).port}/`;
    const { body } = await ask(local, { path: `/${token}/` });
    assert.ok(body.includes('src="main.js"'));
    const report = await ask(local, { path: `/${token}/status.json`, headers: { Host: "bridge.local" } });
    assert.equal(report.status, 200);

    const other = token.startsWith("A") ? `B${token.slice(1)}` : `A${token.slice(1)}`;
    const wrong = ["", other, token.slice(0, -1), `${token}A`, token.toLowerCase(), "%00", "status.json"];
    for (const path of [
      ...wrong.flatMap((it) => [`/${it}/`, `/${it}/status.json`]),
      "/",
      "/status.json",
      `/${token}`,
    ]) {
      const { status, body: text } = await ask(local, { path });
      assert.deepEqual([status, text], [404, "There is nothing here.\n"], path);
    }
    const second = await start(t, { host: "0.0.0.0", servers: [] });
    assert.ok(!second.url.includes(token), "two pages have the same token");
  });

  const outside = outsideAddress();
  const skip = outside === undefined ? " (skipped: this machine has no address but loopback)" : "";
  it(`has a token on an address of the network too${skip}`, { skip: outside === undefined }, async (t) => {
    const { url } = await start(t, { host: outside ?? "", servers: [] });
    assert.ok(new URL(url).pathname.length > 20);
    assert.equal((await ask(url)).status, 200);
    assert.equal((await ask(url, { path: "/" })).status, 404);
  });
});

describe("the status report", () => {
  it("tells of connections, requests, events, refusals and times", async (t) => {
    const bridge = await BusyBridge.start();
    t.after(() => {
      bridge.stop();
    });
    const clock = new ManualClock();
    const { url } = await start(t, { servers: [bridge.server], clock });
    await bridge.connect();
    await bridge.connect();
    await bridge.annoy();
    await bridge.round();
    const { servers, requestTime } = await reportOf(url);
    const [server] = servers;
    assert.ok(server !== undefined && servers.length === 1);
    assert.equal(server.port, portOf(bridge.server));
    assert.equal(server.engine, bridge.server.engine);
    assert.deepEqual([server.open, server.authenticated, server.accepted], [2, 2, 3]);
    assert.deepEqual(server.refused, { ERR_HAPWIRE_HTTP: 1 });
    assert.deepEqual(server.closed, { ERR_HAPWIRE_HTTP: 1 });
    assert.equal(server.requests, bridge.server.stats().total.requests);
    assert.equal(server.events.coalesced, bridge.server.stats().total.eventsDuplicate);
    assert.ok(server.events.coalesced > 0);
    assert.ok(requestTime.p50 !== null && requestTime.p99 !== null);
    assert.ok(requestTime.p50 > 0 && requestTime.p99 >= requestTime.p50);
    assert.deepEqual(server.requestTime, requestTime);
    assert.deepEqual(
      server.connections.map(({ user, watches, authenticated }) => [user, watches, authenticated]),
      [
        [{ number: 1, isAdmin: true, id: "3F9A…" }, 20, true],
        [{ number: 2, isAdmin: false, id: "B27E…" }, 20, true],
      ],
    );
    for (const connection of server.connections) {
      assert.match(connection.remote, /^127\.0\.0\.1:\d+$/);
      assert.ok(connection.requests === 3 && connection.events.queued > 0 && connection.age >= 0);
    }
  });

  it("says nothing that would let a reader in", async (t) => {
    const bridge = await BusyBridge.start();
    t.after(() => {
      bridge.stop();
    });
    const { url } = await start(t, { servers: [bridge.server] });
    await bridge.connect();
    const { body } = await ask(new URL("status.json", url).href);
    const [connection] = [...bridge.server.connections];
    assert.ok(connection?.username !== undefined && body.includes("3F9A…"));
    for (const secret of [...bridge.secrets, ...BusyBridge.usernames, connection.sessionID]) {
      assert.ok(secret.length > 20 && !body.includes(secret), `the report has ${secret} in it`);
    }
    // A pairing identifier of another form is shown by a quarter at most.
    connection.username = "user";
    const fresh = await start(t, { servers: [bridge.server] });
    assert.equal((await reportOf(fresh.url)).servers[0]?.connections[0]?.user?.id, "u…");
  });

  it("is written once for all who ask within half a second", async (t) => {
    const harness = await Harness.start(t);
    const clock = new ManualClock();
    const { url } = await start(t, { servers: [harness.server], clock });
    const first = await reportOf(url);
    await harness.connect();
    clock.advance(499);
    assert.deepEqual(await reportOf(url), first);
    clock.advance(1);
    assert.equal((await reportOf(url)).servers[0]?.open, 1);
  });

  it("tells of 200 connections one by one, and of the rest in the sums", async (t) => {
    const harness = await Harness.start(t, { maxStrangers: 250 });
    const { url } = await start(t, { servers: [harness.server] });
    for (let i = 0; i < 201; i += 1) {
      await harness.connect();
    }
    const [server] = (await reportOf(url)).servers;
    assert.deepEqual([server?.open, server?.connections.length], [201, 200]);
  });
});

describe("a status page without a list of servers", () => {
  it("tells of every server from when it listens until it is closed", async (t) => {
    const clock = new ManualClock();
    const { url } = await start(t, { clock });
    const ports = async (): Promise<(number | null)[]> => {
      clock.advance(500);
      return (await reportOf(url)).servers.map(({ port }) => port);
    };
    assert.deepEqual(await ports(), []);
    const one = await Harness.start(t);
    const two = await Harness.start(t);
    assert.deepEqual(await ports(), [one.port, two.port]);
    const left = two.port;
    await one.server.close();
    assert.deepEqual(await ports(), [left]);
  });
});

describe("a status page with a report of its own", () => {
  it("gives that report, and watches no server", async (t) => {
    const report = { pid: 7 } as StatusReport;
    const { url } = await start(t, { report: () => Promise.resolve(report) });
    assert.equal(channel("hapwire:server:listening").hasSubscribers, false);
    assert.deepEqual(await reportOf(url), report);
  });

  it("says that there is none, and that it could not be read", async (t) => {
    let isBroken = false;
    const report = (): Promise<undefined> =>
      isBroken ? Promise.reject(new Error("broken")) : Promise.resolve(undefined);
    const { url, lines } = await start(t, { report });
    const file = new URL("status.json", url).href;
    assert.equal((await ask(file)).status, 404);
    isBroken = true;
    assert.equal((await ask(file)).status, 500);
    assert.match(lines.join("\n"), /the status page failed: broken/);
  });
});

describe("a status page that ends or never began", () => {
  it("leaves nothing open and nobody watching", async (t) => {
    const channels = ["hapwire:request", "hapwire:connection:refused", "hapwire:server:closed"].map((it) =>
      channel(it),
    );
    const harness = await Harness.start(t);
    const page = new StatusPage({ port: 0, servers: [harness.server], log: () => undefined });
    const url = (await page.ready) ?? assert.fail();
    const { port, hostname } = new URL(url);
    const viewer = connect(Number(port), hostname);
    await once(viewer, "connect");
    const gone = once(viewer, "close");
    assert.ok(channels.every(({ hasSubscribers }) => hasSubscribers));
    await page.close();
    await gone;
    await page.close();
    await assert.rejects(ask(url), { code: "ECONNREFUSED" });
    assert.ok(channels.every(({ hasSubscribers }) => !hasSubscribers));
  });

  it("says in one line that its port is taken, and the bridge goes on", async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    t.after(() => other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const harness = await Harness.start(t);
    const lines: string[] = [];
    const page = new StatusPage({ port, servers: [harness.server], log: (line) => lines.push(line) });
    assert.equal(await page.ready, undefined);
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? "",
      new RegExp(`not served on 127\\.0\\.0\\.1 port ${String(port)}: the port is taken`),
    );
    const { controller } = await harness.connectSecured();
    assert.equal((await controller.get("/")).body.toString(), "ok");
    await page.close();
  });

  it("does not keep the process alive, not even with somebody looking", async () => {
    const code = `
      const { StatusPage } = require("./dist/status/status-page");
      const { connect } = require("node:net");
      const page = new StatusPage({ port: 0, servers: [], log: () => {} });
      const other = require("node:net").createServer().listen(0, async () => {
        const url = new URL(await page.ready);
        const body = await fetch(new URL("status.json", url), { headers: { Connection: "close" } });
        await body.text();
        const viewer = connect(url.port, url.hostname, () => {
          viewer.write("GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n");
          viewer.once("data", () => {
            viewer.unref();
            other.close(() => {
              console.log(process.getActiveResourcesInfo().filter((name) => name.startsWith("TCPSocket")).join() || "looked");
            });
          });
        });
      });`;
    const { code: exitCode, signal, stdout, stderr } = await runNode(["--eval", code]);
    assert.deepEqual(
      { exitCode, signal, stdout, stderr },
      { exitCode: 0, signal: null, stdout: "looked\n", stderr: "" },
    );
  });

  it("throws for an invalid port or host", () => {
    for (const options of [{ port: -1 }, { port: 65_536 }, { port: 1, host: "" }]) {
      assert.throws(() => new StatusPage(options), ArgumentError);
    }
  });
});

describe("HAPWIRE_STATUS", () => {
  /** Serves by the environment, and starts a server. @returns The lines logged until it listened, and the next line. */
  async function serve(t: TestContext, value: string | undefined): Promise<string[]> {
    const lines: string[] = [];
    let onLine: () => void = () => undefined;
    const logged = new Promise<void>((resolve) => {
      onLine = resolve;
    });
    const end = serveStatusFromEnvironment({ HAPWIRE_STATUS: value }, (line) => {
      lines.push(line);
      onLine();
    });
    t.after(end);
    assert.deepEqual(lines, []);
    await Harness.start(t);
    if (value !== undefined && value !== "off") {
      await logged;
    }
    return lines;
  }

  it("serves a page once the first server listens, that tells of it and of the next", async (t) => {
    const [line = ""] = await serve(t, "0");
    const url = /http:\S+/.exec(line)?.[0] ?? assert.fail(line);
    await Harness.start(t);
    assert.equal((await reportOf(url)).servers.length, 2);
  });

  it("may name the host", async (t) => {
    const [line = ""] = await serve(t, "127.0.0.2:0");
    assert.match(line, /^status page: http:\/\/127\.0\.0\.2:\d+\/$/);
  });

  it("serves on all addresses if the system shows none of them", async () => {
    const code = `
      const { serveStatusFromEnvironment } = require("./dist/status/environment");
      const { EventedHTTPServer } = require("./dist");
      const server = new EventedHTTPServer();
      const end = serveStatusFromEnvironment({ HAPWIRE_STATUS: "0.0.0.0:0" }, (line) => {
        console.log(line);
        end();
        server.destroy();
      });
      server.listen(0, "127.0.0.1");`;
    const {
      code: exitCode,
      stdout,
      stderr,
    } = await runNode(["--require", HIDDEN_INTERFACES, "--eval", code]);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
    assert.match(stdout, /^status page: http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/\n$/);
  });

  it("off, or without it, serves none", async (t) => {
    const before = channel("hapwire:server:listening").hasSubscribers;
    for (const value of [undefined, "off"]) {
      assert.deepEqual(await serve(t, value), []);
      assert.equal(channel("hapwire:server:listening").hasSubscribers, before);
    }
  });

  for (const value of ["http", "65536", "host:", ":80", "::1:80", "a b:80", "80/", "-1"]) {
    it(`says in one line that ${JSON.stringify(value)} is no address`, async (t) => {
      const lines = await serve(t, value);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", /^no status page: HAPWIRE_STATUS must be PORT or HOST:PORT/);
    });
  }
});

describe("the time of a request", () => {
  it("runs from when the handler gets it until its response is out", async (t) => {
    const harness = await Harness.start(t);
    const { url } = await start(t, { servers: [harness.server] });
    const { controller } = await harness.connectSecured();
    harness.handler = (_request, response) => {
      setTimeout(() => response.end("late"), 60);
    };
    const sent = performance.now();
    await controller.get("/");
    const atMost = performance.now() - sent;
    const { p50, p99 } = (await reportOf(url)).requestTime;
    assert.ok(p99 !== null && p99 >= 55 && p99 <= atMost * 1.02, `${String(p99)} of ${String(atMost)} ms`);
    assert.ok(p50 !== null && p50 < p99);
  });
});
