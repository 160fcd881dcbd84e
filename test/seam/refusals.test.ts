/** `install(hap)`: leaves a bridge on HAP-NodeJS's own transport, and says why. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, it } from "node:test";

import type { InstallOptions } from "hapwire/homebridge";

import { ROOT, runNode } from "../support/child";
import { patient } from "../support/patience";
import {
  createHap,
  installIn,
  LOOPBACK,
  publish,
  USERNAME,
  type Hap,
  type HapServer,
} from "../support/stand-in-hap";

describe(
  "install(hap) leaves the bridge on HAP-NodeJS's transport, and says why",
  { timeout: patient(60_000) },
  () => {
    for (const [why, hap, reason] of [
      ["exports no HAPServer", {}, "this HAP-NodeJS does not export its class HAPServer"],
      [
        "has no method listen",
        { HAPServer: EventEmitter },
        "the class HAPServer of this HAP-NodeJS has no method listen",
      ],
    ] as const) {
      it(`if HAP-NodeJS ${why}`, (t) => {
        const { lines, installation } = installIn(t, hap);
        assert.equal(installation.reason, `${reason}; bridges run as before`);
        assert.deepEqual(lines, [`is not active: ${reason}; bridges run as before`]);
      });
    }

    for (const [why, change, reason] of [
      [
        "hides its transport",
        (hapServer) => (hapServer.httpServer = undefined),
        "the HAPServer of this HAP-NodeJS does not show its transport (httpServer)",
      ],
      [
        "has another transport",
        (hapServer) => (hapServer.httpServer = new EventEmitter()),
        "the transport of this HAP-NodeJS has no method address",
      ],
      [
        "closes connections in another way",
        (_hapServer, hap) => {
          Object.assign(hap.EventedHTTPServer, { destroyExistingConnectionsAfterUnpair: undefined });
        },
        "its transport is of a class that hapwire does not know (no destroyExistingConnectionsAfterUnpair of its own)",
      ],
      [
        "has a transport of a subclass",
        (hapServer, hap) => {
          class Plugins extends hap.EventedHTTPServer {}
          hapServer.httpServer = new Plugins().on("request", () => undefined);
        },
        "its transport is of a class that hapwire does not know",
      ],
      [
        "takes requests by another event",
        ({ httpServer }) => (httpServer as EventEmitter).removeAllListeners(),
        "this HAP-NodeJS does not take requests from its transport by the event request",
      ],
      [
        "listens already",
        ({ httpServer }) => Object.assign(httpServer as object, { address: () => ({ port: 1 }) }),
        "its server listens already",
      ],
      [
        "does not let its transport be assigned",
        (hapServer) => Object.freeze(hapServer),
        "Cannot assign to read only property 'httpServer' of object",
      ],
    ] as [string, (hapServer: HapServer, hap: Hap) => unknown, string][]) {
      it(`if HAP-NodeJS ${why}`, (t) => {
        const hap = createHap();
        const { lines } = installIn(t, hap);
        const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
        change(hapServer, hap);
        const { httpServer } = hapServer;
        const stock = httpServer as EventEmitter | undefined;
        const listeners = stock?.listenerCount("request");
        try {
          hapServer.listen(0, LOOPBACK);
        } catch {
          // As HAP-NodeJS does without a transport.
        }
        const [line = ""] = lines;
        assert.ok(line.startsWith(`is not active for Hall (${USERNAME}): ${reason}`), line);
        assert.ok(line.endsWith("; the bridge runs as before"), line);
        assert.equal(hapServer.httpServer, httpServer);
        assert.equal(stock?.listenerCount("request"), listeners);
      });
    }

    it("if HAP-NodeJS ignores that its transport is assigned", (t) => {
      const hap = createHap();
      const { lines } = installIn(t, hap);
      const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
      const { httpServer } = hapServer;
      Object.defineProperty(hapServer, "httpServer", { get: () => httpServer, set: () => undefined });
      hapServer.listen(0, LOOPBACK);
      assert.match(lines[0] ?? "", /keeps its own transport; the bridge runs as before$/);
      assert.equal((httpServer as EventEmitter).listenerCount("request"), 1);
    });

    it("if HAP-NodeJS throws when hapwire looks at it", (t) => {
      for (const member of ["httpServer", "accessoryInfo"]) {
        let listened = false;
        const hap = createHap();
        Object.assign(hap.HAPServer.prototype as object, { listen: () => (listened = true) });
        const { lines } = installIn(t, hap);
        const hapServer = new hap.HAPServer({ displayName: "Hall", username: USERNAME });
        Object.defineProperty(hapServer, member, {
          get: () => {
            throw new Error("private");
          },
        });
        hapServer.listen(0, LOOPBACK);
        assert.ok(listened);
        assert.deepEqual(lines, ["is not active for a bridge: private; the bridge runs as before"]);
      }
    });

    it("if HAP-NodeJS calls a function that hapwire lacks", (t) => {
      const hap = createHap();
      class Later extends hap.HAPServer {
        pause(): void {
          (this.httpServer as { pauseAll(): void }).pauseAll();
        }
      }
      const { lines } = installIn(t, { ...hap, HAPServer: Later });
      publish(t, { ...hap, HAPServer: Later });
      assert.match(
        lines[0] ?? "",
        /: this HAP-NodeJS calls this\.httpServer\.pauseAll\(\), which hapwire does not know;/,
      );
    });

    it("if HAP-NodeJS can't be changed, and leaves its packages for pairing as before", (t) => {
      const hap = createHap();
      Object.freeze(hap.HAPServer.prototype);
      const tweetnacl = createRequire(__filename)("tweetnacl") as object;
      const before = Object.getOwnPropertyDescriptors(tweetnacl);
      const { lines, installation } = installIn(t, hap);
      assert.equal(installation.isActive, false);
      assert.deepEqual(Object.getOwnPropertyDescriptors(tweetnacl), before);
      assert.match(
        lines[0] ?? "",
        /^is not active: Cannot redefine property: listen; bridges run as before$/,
      );
    });

    it("if an option is wrong", (t) => {
      for (const [argument, options] of [
        ["options.server.maxStrangers", { server: { maxStrangers: 0 } }],
        ["options.server", { server: 5 }],
        ["options.onCarried", { onCarried: "later" }],
      ] as const) {
        const { lines, installation } = installIn(t, createHap(), options as InstallOptions);
        assert.equal(installation.isActive, false);
        const [line = ""] = lines;
        assert.ok(line.startsWith(`is not active: ${argument} must be `), line);
        assert.match(line, /; bridges run as before$/);
      }
    });

    it("if the options are no object or the log is no function, on standard error", async () => {
      const code = `
        const { install } = require("hapwire/homebridge");
        const hap = require("@homebridge/hap-nodejs");
        for (const options of [null, 5, { log: "here" }]) console.log(install(hap, options).isActive);`;
      const { stdout, stderr } = await runNode(["--eval", code]);
      assert.equal(stdout, "false\nfalse\nfalse\n");
      assert.deepEqual(stderr.trim().split("\n"), [
        "hapwire is not active: options must be an object; received null; bridges run as before",
        "hapwire is not active: options must be an object; received 5; bridges run as before",
        'hapwire is not active: options.log must be a function; received "here"; bridges run as before',
      ]);
    });

    it("if Node is too old", (t) => {
      const { versions } = process;
      const set = (value: object): void => {
        Object.defineProperty(process, "versions", { value, configurable: true, enumerable: true });
      };
      t.after(() => {
        set(versions);
      });
      set({ ...versions, node: "18.20.8" });
      const { lines } = installIn(t, createHap());
      assert.match(
        lines[0] ?? "",
        /^is not active: Node v\S+ is too old, hapwire needs Node 20 or newer; bridges run as before$/,
      );
    });

    it("if another copy of hapwire carries its bridges, which go on", async () => {
      const code = `
      const hap = require("@homebridge/hap-nodejs");
      const { install } = require("hapwire/homebridge");
      install(hap);
      for (const file of Object.keys(require.cache)) {
        if (!file.includes("node_modules")) delete require.cache[file];
      }
      const again = require("hapwire/homebridge").install;
      const { isActive, reason } = again(hap);
      console.log(again === install, isActive, reason);
      const server = new hap.HAPServer(hap.AccessoryInfo.create("${USERNAME}"));
      server.listen(0, "${LOOPBACK}");
      server.destroy();`;
      const { stdout, stderr } = await runNode(["--eval", code]);
      const { version } = createRequire(__filename)(path.join(ROOT, "package.json")) as { version: string };
      const reason = `another copy of hapwire (${version}) carries the bridges of this HAP-NodeJS already`;
      assert.equal(stdout, `false false ${reason}\n`);
      const [refusal, carried, ...others] = stderr.split("\n");
      assert.equal(refusal, `hapwire is not active: ${reason}`);
      assert.match(carried ?? "", /^hapwire carries /);
      assert.deepEqual(others, [""]);
    });
  },
);
