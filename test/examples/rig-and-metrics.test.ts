/** `node examples/rig` and `node examples/metrics`, as their users run them. */

import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { describe, it, type TestContext } from "node:test";

import { AccessoryHome, SETUP_CODE } from "../support/accessory-home";
import { ROOT } from "../support/child";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";
import { portOf } from "../support/port";

/** A running example, and the lines that it prints. */
interface Example {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly lines: AsyncIterator<string>;
}

function start(t: TestContext, name: string, ...args: readonly string[]): Example {
  const child = spawn(process.execPath, [path.join(ROOT, "examples", name), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function nextLine({ lines }: Example): Promise<string> {
  return String((await lines.next()).value);
}

async function interrupt({ child }: Example): Promise<unknown> {
  const exited = once(child, "exit");
  child.kill("SIGINT");
  return exited;
}

function assertShort(name: string): void {
  const folder = path.join(ROOT, "examples", name);
  const code = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "utf8"));
  assert.ok(code.join("").trimEnd().split("\n").length < 150);
}

for (const engine of transportEngines()) {
  describe(`the rig (${engine})`, { timeout: patient(60_000) }, () => {
    it("pairs, verifies, subscribes, prints events, and unpairs when it is interrupted", async (t) => {
      assertShort("rig");
      const characteristics = [
        { iid: 2, type: "25", format: "bool", perms: ["pr", "ev"], value: false },
        { iid: 3, type: "23", format: "string", perms: ["pr"], value: "lamp" },
      ];
      const home = await AccessoryHome.open(t, {
        engine,
        handler: (connection, { method }, response) => {
          if (method === "GET") {
            // Chunked: the rig reads both forms of a body.
            response.write(`{"accessories":[{"aid":1,`);
            response.end(
              `"services":[{"iid":1,"type":"43","characteristics":${JSON.stringify(characteristics)}}]}]}`,
            );
          } else {
            connection.enableEventNotifications(1, 2);
            response.writeHead(204).end();
          }
        },
      });
      const rig = start(t, "rig", `127.0.0.1:${String(portOf(home.server))}`, SETUP_CODE);
      assert.equal(await nextLine(rig), "paired");
      assert.equal(await nextLine(rig), "subscribed to 1 characteristics");
      home.server.broadcastEvent(1, 2, true, undefined, true);
      home.server.broadcastEvent(1, 2, false, undefined, true);
      assert.deepEqual([await nextLine(rig), await nextLine(rig)].sort(), ["1.2 = false", "1.2 = true"]);
      assert.deepEqual(await interrupt(rig), [0, null]);
      assert.equal(await nextLine(rig), "unpaired");
      assert.equal(home.pairing.isPaired, false);
    });
  });
}

describe("the example of metrics", { timeout: patient(60_000) }, () => {
  it("serves the figures at /metrics, on loopback, and nothing else", async (t) => {
    assertShort("metrics");
    const example = start(t, "metrics");
    const printed = [await nextLine(example), await nextLine(example)];
    const url = printed.flatMap(
      (line) => /^metrics: (http:\/\/127\.0\.0\.1:\d+\/metrics)$/.exec(line)?.[1] ?? [],
    )[0];
    assert.ok(url !== undefined, printed.join("\n"));
    const answer = await fetch(url, { headers: { Connection: "close" } });
    assert.match(await answer.text(), /^hapwire_requests_total\{server="example"\} 0$/m);
    assert.equal((await fetch(new URL("/", url), { headers: { Connection: "close" } })).status, 404);
    assert.deepEqual(await interrupt(example), [0, null]);
  });
});
