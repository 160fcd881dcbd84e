/** The status page and those who have bad manners: many connections, long heads, requests that never end; a disk that fails. */

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";

import { isLoopback } from "#src/status/access";
import { StatusPage } from "#src/status/status-page";

import { patient } from "../support/patience";

const GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** Starts a page; it ends with the test. Its log, after its address, goes to `lines`. */
async function start(t: TestContext, host = "127.0.0.1", lines: string[] = []): Promise<URL> {
  const page = new StatusPage({ port: 0, servers: [], log: (line) => lines.push(line), host });
  t.after(async () => page.close());
  const url = new URL((await page.ready) ?? assert.fail());
  lines.length = 0;
  return url;
}

async function visit(t: TestContext, { port, hostname }: URL): Promise<Socket> {
  const socket = connect(Number(port), hostname.replace(/^\[(.*)\]$/, "$1"));
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Writes to a visitor's socket. @returns The beginning of the response; empty if the page closes the connection. */
async function answerTo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const answer = await Promise.race([once(socket, "data"), once(socket, "close").then(() => [""])]);
  return String(answer[0]);
}

describe("the status page", { timeout: patient(30_000) }, () => {
  it("takes 64 connections at a time", async (t) => {
    const url = await start(t);
    const visitors: Socket[] = [];
    for (let i = 0; i < 64; i += 1) {
      visitors.push(await visit(t, url));
    }
    const oneTooMany = await visit(t, url);
    oneTooMany.on("error", () => undefined);
    assert.equal(await answerTo(oneTooMany, GET), "");
    for (const visitor of [visitors[0], visitors[63]]) {
      assert.match(await answerTo(visitor ?? assert.fail(), GET), /^HTTP\/1\.1 200 /);
    }
  });

  it("refuses a head of more than 8 KiB", async (t) => {
    const socket = await visit(t, await start(t));
    assert.match(
      await answerTo(socket, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(9000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
    );
  });

  it("does not wait for the body of a request that it refuses", async (t) => {
    const socket = await visit(t, await start(t));
    const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n";
    assert.match(await answerTo(socket, head), /^HTTP\/1\.1 405 .*\r\nConnection: close\r\n/s);
  });

  it("says that a file of it cannot be read, and goes on", async (t) => {
    const lines: string[] = [];
    const url = await start(t, "127.0.0.1", lines);
    const { mock } = t.mock.method(fs, "readFile", async () => Promise.reject(new Error("the disk is gone")));
    assert.match(await answerTo(await visit(t, url), GET), /^HTTP\/1\.1 500 /);
    assert.deepEqual(lines, ["the status page failed: the disk is gone"]);
    mock.restore();
    assert.match(await answerTo(await visit(t, url), GET), /^HTTP\/1\.1 200 /);
  });

  it("has an IPv6 address in brackets in its URL", async (t) => {
    const url = await start(t, "::1");
    assert.equal(url.hostname, "[::1]");
    assert.match(await answerTo(await visit(t, url), GET), /^HTTP\/1\.1 200 /);
  });
});

describe("an address", () => {
  it("is this machine's alone if it is a loopback address in any form", () => {
    for (const address of ["127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"]) {
      assert.ok(isLoopback(address), address);
    }
    for (const address of ["0.0.0.0", "::", "128.0.0.1", "::ffff:10.0.0.1", "fe80::1", "::ffff:ffff:1", ""]) {
      assert.ok(!isLoopback(address), address);
    }
  });
});
