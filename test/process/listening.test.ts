/** The modules that a process has loaded when its server listens, and its lines for `DEBUG`. */

import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";

import type { EngineName } from "hapwire";

import { ROOT, runNode } from "../support/child";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";

/** Prints the files that are loaded when the server listens. The code in its first argument runs before. */
const LISTEN = `
  const { EventedHTTPServer } = require("hapwire");
  eval(process.argv[1] ?? "");
  const server = new EventedHTTPServer();
  server.on("listening", () => {
    console.log(JSON.stringify(Object.keys(require.cache)));
    server.stop();
  });
  server.listen(0, "127.0.0.1");`;

/** Modules that neither engine needs to listen, and those of the other engine. */
const NOT_LOADED: Record<EngineName, RegExp> = {
  native: /^dist.engine.portable|^node_modules.(debug|fast-srp-hap|sodium-native)\b/,
  portable:
    /^dist.engine.(addon(-damage|-places)?\.js|native|portable.(codec|opener|sealer))|^node_modules.(debug|fast-srp-hap|sodium-native)\b/,
};

const LISTENING = /hapwire:server listening on 127\.0\.0\.1 port \d+/;

for (const engine of transportEngines()) {
  describe(`a process whose server listens (${engine})`, { timeout: patient(60_000) }, () => {
    it("has loaded nothing that it needs later, or never", async () => {
      const { code, stdout, stderr } = await listen(engine, { DEBUG: undefined });
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      const files = (JSON.parse(stdout) as string[]).map((file) => path.relative(ROOT, file));
      assert.ok(files.includes(path.join("dist", "engine", `${engine}.js`)), stdout);
      assert.deepEqual(
        files.filter((file) => NOT_LOADED[engine].test(file)),
        [],
      );
    });

    it("says so if DEBUG names it", async () => {
      assert.match((await listen(engine, { DEBUG: "hapwire:*" })).stderr, LISTENING);
      assert.doesNotMatch((await listen(engine, { DEBUG: "hapwire:connection" })).stderr, LISTENING);
    });

    it("says so if debug was enabled after hapwire has loaded", async () => {
      const { stderr } = await listen(engine, { DEBUG: undefined }, 'require("debug").enable("hapwire:*")');
      assert.match(stderr, LISTENING);
    });
  });
}

async function listen(
  engine: EngineName,
  env: NodeJS.ProcessEnv,
  ...first: string[]
): ReturnType<typeof runNode> {
  return runNode(["--eval", LISTEN, ...first], { engine, env });
}
