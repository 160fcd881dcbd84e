/** Nothing is left behind when servers and connections have gone. Needs `--expose-gc`. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";

import { EventedHTTPServer, FrameOpener, FrameSealer, type EngineName, type HAPConnection } from "hapwire";

import { collect } from "../support/collect";
import { Harness, transportEngines, whenClosed } from "../support/harness";
import { patient } from "../support/patience";
import { portOf } from "../support/port";

const { gc } = globalThis;
const NO_GC = gc === undefined ? " (skipped: node runs without --expose-gc)" : "";
const MIB = 1024 * 1024;

/** Things that should be gone, by their kind. */
type Remains = Record<string, WeakRef<object>>;

for (const engine of transportEngines()) {
  describe(
    `garbage collection (${engine})${NO_GC}`,
    { skip: gc === undefined, timeout: patient(60_000) },
    () => {
      it("takes connections that the controller closed, their streams and what hung on them", async (t) => {
        const harness = await Harness.start(t, { engine });
        const remains = [await useConnection(harness), await useConnection(harness)];
        assert.equal(harness.server.connections.size, 0);
        for (const each of remains) {
          await assertCollected(each);
        }
      });

      it("takes connections that were closed with events in their queues and a request unanswered", async (t) => {
        const harness = await Harness.start(t, { engine });
        await assertCollected(await closeBusyConnection(harness));
      });

      it("takes whole servers that were stopped, and those that never listened", async (t) => {
        await assertCollected(await useServer(t, engine));
        await assertCollected({ idle: new WeakRef(new EventedHTTPServer({ engine })) });
      });

      it("collects an event's text, however long, if nobody has subscribed", async () => {
        const server = new EventedHTTPServer({ engine });
        await collect();
        const before = memory();
        server.broadcastEvent(1, 9, "x".repeat(32 * MIB));
        server.broadcastEvent(1, 9, ["x".repeat(32 * MIB)]);
        const limit = before + 48 * MIB;
        // V8 gives memory back a few turns after it has collected, and not all of it.
        for (let round = 0; round < 50 && memory() > limit; round += 1) {
          await collect();
        }
        const growth = (memory() - before) / MIB;
        assert.ok(memory() < limit, `two texts of 32 MiB have left ${growth.toFixed(1)} MiB`);
      });

      it("takes sealers and openers that nobody destroyed, and their memory", async () => {
        await assertCollected(makeCodecs(engine));
        const use = async (): Promise<number> => {
          for (let batch = 0; batch < 10; batch += 1) {
            for (let i = 0; i < 1000; i += 1) {
              makeCodecs(engine);
            }
            await collect();
          }
          return memory();
        };
        await use();
        const before = await use();
        const after = await use();
        const growth = (after - before) / MIB;
        assert.ok(growth < 6, `10,000 sealers and openers have left ${growth.toFixed(1)} MiB`);
      });
    },
  );
}

/** Secures a connection, uses it in every way, and lets the controller close it. */
async function useConnection(harness: Harness): Promise<Remains> {
  const { controller, connection } = await harness.connectSecured();
  connection.enableEventNotifications(1, 9);
  let remains: Remains = { connection: new WeakRef(connection), listener: listenTo(connection) };
  harness.handler = (request, response) => {
    remains = { ...remains, ...remainsOf(request, response) };
    response.end(randomBytes(200_000));
  };
  await controller.get("/");
  harness.handler = (_request, response) => response.end();
  harness.server.broadcastEvent(1, 9, 1, undefined, true);
  await controller.nextEvents();
  const closed = whenClosed(connection);
  controller.destroy();
  await closed;
  return remains;
}

async function closeBusyConnection(harness: Harness): Promise<Remains> {
  const { controller, connection } = await harness.connectSecured();
  connection.enableEventNotifications(1, 9);
  harness.server.broadcastEvent(1, 9, 1);
  const asked = new Promise<Remains>((resolve) => {
    harness.handler = (request, response) => {
      resolve(remainsOf(request, response));
    };
  });
  controller.send("GET", "/never");
  const remains = await asked;
  harness.handler = (_request, response) => response.end();
  const closed = whenClosed(connection);
  connection.close();
  await closed;
  return { connection: new WeakRef(connection), ...remains };
}

async function useServer(t: TestContext, engine: EngineName): Promise<Remains> {
  const { server, connection } = await openAndStop(engine);
  t.diagnostic(`${String(server.stats().accepted)} connection was accepted`);
  return { server: new WeakRef(server), connection: new WeakRef(connection) };
}

/** Without the harness, which is kept until the test is over. */
async function openAndStop(
  engine: EngineName,
): Promise<{ server: EventedHTTPServer; connection: HAPConnection }> {
  const { connect } = await import("node:net");
  const server = new EventedHTTPServer({ engine });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
  const socket = connect(portOf(server), "127.0.0.1");
  const [connection] = await opened;
  const closed = [whenClosed(connection), once(socket.resume(), "close")];
  server.stop();
  await Promise.all(closed);
  return { server, connection };
}

function remainsOf(request: IncomingMessage, response: ServerResponse): Remains {
  return {
    request: new WeakRef(request),
    response: new WeakRef(response),
    stream: new WeakRef(request.socket),
  };
}

/** A listener lives as long as its emitter. */
function listenTo(connection: HAPConnection): WeakRef<object> {
  const listener = (): void => undefined;
  connection.on("request", listener);
  return new WeakRef(listener);
}

/** A sealer and an opener that have done some work, and hold something. */
function makeCodecs(engine: EngineName): Remains {
  const key = Buffer.alloc(32, 7);
  const sealer = new FrameSealer(key, { engine });
  const opener = new FrameOpener(key, { engine });
  opener.open(sealer.seal(key));
  opener.open(Buffer.of(0, 4, 0));
  return { sealer: new WeakRef(sealer), opener: new WeakRef(opener) };
}

/** Collects until all of them are gone; finalizers run between the turns of the event loop. */
async function assertCollected(remains: Remains): Promise<void> {
  for (let round = 0; round < 50 && survivors(remains).length > 0; round += 1) {
    await collect();
  }
  assert.deepEqual(survivors(remains), [], "these are still held by something");
}

function survivors(remains: Remains): string[] {
  return Object.keys(remains).filter((name) => remains[name]?.deref() !== undefined);
}

/** Bytes that the process holds. */
function memory(): number {
  const { rss, external } = process.memoryUsage();
  return rss + external;
}
