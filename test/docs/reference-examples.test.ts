/** The examples of the API reference: every public class has one, and each runs as printed. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import * as hapwire from "hapwire";
import * as homebridge from "hapwire/homebridge";
import * as metrics from "hapwire/metrics";
import * as pairing from "hapwire/pairing";

import { ROOT, runNode } from "../support/child";
import { read } from "../support/documents";
import { patient } from "../support/patience";

/** An example in a comment, and the name of the declaration below it. */
const EXAMPLE =
  /^ \* @example\n \* ```js\n((?: \*.*\n)+?) \* ```\n(?: \*.*\n)*? \*\/\nexport (?:class|function) (\w+)/gm;

/** What stands before every example: the names that examples use. */
const PRELUDE = `
const { once } = require("node:events");
const { connect } = require("node:net");
const { PassThrough } = require("node:stream");
const { subscribe } = require("node:diagnostics_channel");
const { ${Object.keys(hapwire).join(", ")} } = require("hapwire");
const { ${Object.keys(pairing).join(", ")} } = require("hapwire/pairing");
const { collectMetrics } = require("hapwire/metrics");
const key = Buffer.alloc(32, 1);
const sharedSecret = key;
const socket = new PassThrough();
async function send(server, text) {
  const controller = connect((await listening(server)).port, "127.0.0.1").setEncoding("utf8").end(text);
  let answer = "";
  for await (const chunk of controller) answer += chunk;
  console.log(answer);
}
async function listening(server) {
  if (server.address() === null) await once(server.listen(0, "127.0.0.1") ?? server, "listening");
  return server.address();
}
`;

const SERVER = "const server = new EventedHTTPServer();";
const GET = 'await send(server, "GET / HTTP/1.1\\r\\nHost: lamp\\r\\nConnection: close\\r\\n\\r\\n");';
const WITHOUT_PROM_CLIENT = `
const Module = require("node:module");
const load = Module._load;
Module._load = (name, ...rest) => name === "prom-client" ? assert.fail() : load(name, ...rest);`;

interface Run {
  readonly before?: string;
  readonly after?: string;
  readonly prints: RegExp;
}

/** For each example: the code before and after it, and the output. */
const RUNS: Readonly<Record<string, Run>> = {
  AccessoryPairing: { before: SERVER, after: GET, prints: /^HTTP\/1\.1 470 / },
  ArgumentError: { prints: /^options\.idleTimeout$/m },
  ConnectionError: {
    before: SERVER,
    after: 'await send(server, "no HTTP\\r\\n\\r\\n");',
    prints: /^ERR_HAPWIRE_HTTP /m,
  },
  EngineError: { before: 'process.env.HAPWIRE_ENGINE = "nonsense";', prints: /HAPWIRE_ENGINE/ },
  EventedHTTPServer: {
    after: `await once(server, "listening"); ${GET}`,
    prints: /^port \d+\nHTTP\/1\.1 200 [^]*hello/,
  },
  FrameError: { prints: /^ERR_HAPWIRE_FRAME_AUTHENTICATION$/m },
  FrameOpener: {
    after: 'socket.end(new FrameSealer(key).seal(Buffer.from("hello"))); await once(socket, "close");',
    prints: /^hello$/m,
  },
  FrameSealer: {
    after: "console.log(new FrameOpener(key).open(socket.read()).toString());",
    prints: /^GET \/accessories HTTP\/1\.1/,
  },
  HAPConnection: { before: SERVER, after: GET, prints: /127\.0\.0\.1 has subscribed/ },
  HAPEncryption: {
    after: "console.log(encryption.accessoryToControllerKey.length, encryption);",
    prints: /^32 HAPEncryption/,
  },
  HapwireError: { prints: /^ERR_HAPWIRE_ARGUMENT$/m },
  JsonFileStorage: { prints: /^false$/m },
  MemoryStorage: { prints: /^\d{3}-\d{2}-\d{3}$/m },
  MissingPeerError: { before: SERVER + WITHOUT_PROM_CLIENT, prints: /^npm install prom-client$/m },
  install: { prints: /^hapwire is active$/m },
};

/** Returns the examples in the sources, by the name of the declaration below. */
function readExamples(): ReadonlyMap<string, string> {
  const files = readdirSync(path.join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts")).map((file) => read(path.join("src", file)));
  const found = sources.flatMap((source) => [...source.matchAll(EXAMPLE)]);
  const count = sources.join("").match(/^ *\* @example/gm)?.length ?? 0;
  assert.equal(found.length, count, "an example is not of a class or a function, or is not a block of js");
  return new Map(found.map(([, lines = "", name = ""]) => [name, lines.replace(/^ \* ?/gm, "")]));
}

describe("the examples of the API reference", { timeout: patient(120_000) }, () => {
  const examples = readExamples();

  it("include one of every public class", () => {
    const exported = Object.entries({ ...hapwire, ...pairing, ...metrics, ...homebridge });
    const classes = exported
      .filter(([, value]) => typeof value === "function" && /^class\b/.test(value.toString()))
      .map(([name]) => name);
    assert.ok(classes.length >= 14, String(classes));
    assert.deepEqual(
      classes.filter((name) => !examples.has(name)),
      [],
    );
    assert.deepEqual([...examples.keys()].sort(), Object.keys(RUNS).sort());
  });

  for (const [name, code] of examples) {
    it(`run as printed: ${name}`, async (t) => {
      const { before = "", after = "", prints } = RUNS[name] ?? assert.fail(`RUNS has no ${name}`);
      const folder = mkdtempSync(path.join(ROOT, "dist-test", "example-"));
      t.after(() => {
        rmSync(folder, { recursive: true });
      });
      const main = `async function main() {\n${before}\n{\n${code}\n${after}\n}\n}`;
      const file = path.join(folder, "example.js");
      writeFileSync(
        file,
        `const assert = require("node:assert");${PRELUDE}${main}\nmain().then(() => process.exit());\n`,
      );
      const { code: exit, stdout, stderr } = await runNode([file], { cwd: folder });
      assert.deepEqual({ exit, stderr }, { exit: 0, stderr: "" });
      assert.match(stdout, prints);
    });
  }
});
