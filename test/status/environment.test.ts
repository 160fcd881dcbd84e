/** `HAPWIRE_STATUS` in a process with several servers: one page, said in one line, until it is ended. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";

import { serveStatusFromEnvironment } from "#src/status/environment";

import { Harness } from "../support/harness";
import { patient } from "../support/patience";

/** Serves by the environment until the test ends it, or is over. @returns The lines that are logged. */
function serve(t: TestContext, value: string): { lines: string[]; end: () => Promise<void> } {
  const lines: string[] = [];
  const end = serveStatusFromEnvironment({ HAPWIRE_STATUS: value }, (line) => lines.push(line));
  t.after(end);
  return { lines, end };
}

/** Starts three servers, and a socket after them: a page that the servers cause listens before the socket does. */
async function startThree(t: TestContext): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    await Harness.start(t);
  }
  const last = createServer().listen(0, "127.0.0.1");
  t.after(() => last.close());
  await once(last, "listening");
}

describe("HAPWIRE_STATUS with three servers", { timeout: patient(30_000) }, () => {
  it("serves one page", async (t) => {
    const { lines } = serve(t, "0");
    await startThree(t);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /^status page: http:/);
  });

  it("says once that it is no address", async (t) => {
    const { lines } = serve(t, "nonsense");
    await startThree(t);
    assert.equal(lines.length, 1, lines.join("\n"));
  });

  it("takes spaces around the address for nothing", async (t) => {
    const { lines } = serve(t, " 127.0.0.1:0\n");
    await startThree(t);
    assert.match(lines.join("\n"), /^status page: http:/);
  });

  it("serves none if it is ended before they listen", async (t) => {
    const { lines, end } = serve(t, "0");
    await end();
    await startThree(t);
    assert.deepEqual(lines, []);
  });

  it("serves it no longer once it is ended", async (t) => {
    const { lines, end } = serve(t, "0");
    await startThree(t);
    const { port, hostname } = new URL(/http:\S+/.exec(lines[0] ?? "")?.[0] ?? assert.fail());
    await end();
    const socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    await assert.rejects(once(socket, "connect"), { code: "ECONNREFUSED" });
  });
});
