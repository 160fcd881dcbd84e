/** The options of each socket that the server accepts. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Harness, transportEngines } from "../support/harness";

/** What Node's sockets stand on: their options are set here, whichever way they were asked for. */
interface TcpHandle {
  setNoDelay(isOn: boolean): number;
  setKeepAlive(isOn: boolean, delay: number): number;
}

interface HandledSocket {
  readonly _handle: TcpHandle;
}

for (const engine of transportEngines()) {
  describe(`a socket (${engine})`, () => {
    it("has no delay and no keep-alive probes, whatever a handler asks for", async (t) => {
      const harness = await Harness.start(t, { engine });
      const first = await harness.connect();
      const { _handle: handle } = harness.socketOf(first) as unknown as HandledSocket;
      const tcp = Object.getPrototypeOf(handle) as TcpHandle;
      const noDelay = t.mock.method(tcp, "setNoDelay").mock;
      const keepAlive = t.mock.method(tcp, "setKeepAlive").mock;

      harness.handler = (request, response) => {
        request.socket.setNoDelay(false);
        request.socket.setKeepAlive(true, 1000);
        response.end();
      };
      const pair = await harness.connect();
      await pair.controller.get("/");
      const { _handle: accepted } = harness.socketOf(pair) as unknown as HandledSocket;
      const asked = (calls: readonly { this: unknown; arguments: unknown[] }[]): unknown[] =>
        calls.filter((call) => call.this === accepted).map((call) => call.arguments[0]);
      assert.deepEqual(asked(noDelay.calls), [true], "HAP's small messages wait for acknowledgements");
      assert.deepEqual(asked(keepAlive.calls), [], "probes wake iOS devices");
    });
  });
}
