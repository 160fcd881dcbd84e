/** @jest-environment jsdom */
"use strict";

// A user of hapwire whose tests run in jest, with jsdom's globals in the place of Node's.

const { converse } = require("./converse.cjs");

// eslint-disable-next-line no-undef -- jest gives it
test("a session", async () => {
  const session = await converse(require("hapwire"));
  process.stdout.write(`${JSON.stringify(session)}\n`);
});
