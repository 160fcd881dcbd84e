// A user of hapwire whose tests run in vitest, in a worker thread.
import { isMainThread } from "node:worker_threads";

import * as hapwire from "hapwire";
import { expect, test } from "vitest";

import { converse } from "./converse.cjs";

test("a session", async () => {
  expect(isMainThread).toBe(false);
  process.stdout.write(`${JSON.stringify(await converse(hapwire))}\n`);
});
