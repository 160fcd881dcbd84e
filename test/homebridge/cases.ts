/** The cases of each Homebridge: the plugin in each of its states, with real controllers. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

import { readBridgeReports } from "#src/status/bridge-reports";
import type { StatusReport } from "#src/status/report";

import { ROOT } from "../support/child";
import { Controllers } from "./controllers";
import { Homebridge, type Options, type Target } from "./homebridge";
import type { Installation } from "./install";

/** A case gets a Homebridge that has not started. */
export interface Case {
  readonly name: string;
  readonly options: Omit<Options, "plugins">;
  /** @param plugins - The folder of plugins, which this case may change. */
  readonly run: (homebridge: Homebridge, plugins: string) => Promise<void>;
}

/** The addon of this checkout: the tarball of a checkout without prebuilds has no addon. */
export const ENVIRONMENT = { HAPWIRE_PREBUILD: ROOT };
const NATIVE = "native engine \\(OpenSSL [\\d.]+\\), HAP-NodeJS [\\d.]+$";

export const CASES: readonly Case[] = [
  {
    name: "main bridge, child bridge and external accessory",
    options: { hapwire: { statusPage: 0 }, external: true },
    run: async (homebridge: Homebridge): Promise<void> => {
      await homebridge.start();
      const targets = [homebridge.main, homebridge.child, homebridge.external];
      for (const { name, username } of targets) {
        await homebridge.line(carries(name, username));
      }
      const lines = homebridge.carriedLines;
      assert.equal(lines.length, targets.length);
      assert.equal(formOf(lines[0] ?? ""), formOf(lineOf("README.md")));
      assert.equal(formOf(lines[0] ?? ""), formOf(lineOf("plugin/README.md")));
      await Promise.all(targets.map((target) => new Controllers(target).live()));
      await checkReports(homebridge, targets);
      await checkStatusPage(homebridge, targets);
    },
  },
  {
    name: "child bridge killed, then the plugin uninstalled",
    options: { hapwire: {}, lamps: { main: 0, child: 2 } },
    run: async (homebridge: Homebridge, plugins: string): Promise<void> => {
      const { child } = homebridge;
      await homebridge.start();
      const controllers = new Controllers(child);
      await controllers.pair();
      let mark = homebridge.log.length;
      homebridge.killChild();
      await homebridge.line(carries(child.name, child.username), mark);
      await homebridge.listening(child.port, mark);
      await controllers.writeAndReceive(await controllers.readAll());

      rmSync(path.join(plugins, "homebridge-hapwire"), { recursive: true });
      rmSync(path.join(plugins, "hapwire"), { recursive: true });
      mark = homebridge.log.length;
      homebridge.killChild();
      await homebridge.line(
        /^\[hapwire\] is not active: the plugin can't be loaded .*MODULE_NOT_FOUND\); this bridge runs as before$/,
        mark,
      );
      await homebridge.listening(child.port, mark);
      await controllers.writeAndReceive(await controllers.readAll());
      await controllers.unpair();
    },
  },
  {
    name: "plugin not configured",
    options: {},
    run: expectStock([]),
  },
  {
    name: "plugin disabled",
    options: { hapwire: {}, disabled: true },
    run: expectStock([]),
  },
  {
    name: "engine that can't run",
    options: { hapwire: { engine: "native" }, env: { HAPWIRE_PREBUILD: "/nonexistent" } },
    run: expectStock([/^\[hapwire\] is not active: .*native.*run as before/]),
  },
  {
    name: "setting that is wrong",
    options: { hapwire: { limits: { maxQueuedEvents: 0 } } },
    run: expectStock([/^\[hapwire\] is not active: .*maxQueuedEvents.*run as before/]),
  },
  {
    name: "preload and plugin together",
    options: { hapwire: {}, env: { NODE_OPTIONS: `--require ${path.join(ROOT, "register.js")}` } },
    run: async (homebridge: Homebridge): Promise<void> => {
      await homebridge.start();
      await homebridge.line(/^\[hapwire\] is not active: another copy of hapwire/);
      for (const { name } of [homebridge.main, homebridge.child]) {
        await homebridge.line(new RegExp(`^hapwire carries ${name} `));
      }
      await live([homebridge.main, homebridge.child]);
      assert.equal(homebridge.carriedLines.length, 2);
    },
  },
  {
    name: "plugin in a child bridge of its own",
    options: { hapwire: { _bridge: { username: "0E:11:22:33:44:77", port: 0, name: "Own" } } },
    run: async (homebridge: Homebridge): Promise<void> => {
      await homebridge.start();
      await homebridge.line(/^\[hapwire\] has a child bridge of its own, so it carries that bridge alone/);
      await homebridge.line(carries("Own", "0E:11:22:33:44:77"));
      await live([homebridge.main, homebridge.child]);
      assert.equal(homebridge.carriedLines.length, 1);
    },
  },
];

/** Runs a case with a folder of plugins of its own. */
export async function runCase(
  it: Case,
  installation: Installation,
  plugins: string,
): Promise<() => Promise<void>> {
  const folder = path.join(path.dirname(plugins), `${installation.version} ${it.name}`, "node_modules");
  cpSync(plugins, folder, { recursive: true });
  const { env, ...options } = it.options;
  const homebridge = await Homebridge.create(installation, {
    ...options,
    plugins: folder,
    env: { ...ENVIRONMENT, ...env },
  });
  const dispose = async (): Promise<void> => {
    await homebridge.dispose();
    rmSync(path.dirname(folder), { recursive: true });
  };
  try {
    await it.run(homebridge, folder);
  } catch (error) {
    await dispose();
    throw new Error(`${(error as Error).message}\n${homebridge.log.slice(-40).join("\n")}`, { cause: error });
  }
  return dispose;
}

/** Homebridge runs as without the plugin, and the log has these lines of hapwire, each of them once for each process. */
function expectStock(patterns: readonly RegExp[]): Case["run"] {
  return async (homebridge) => {
    await homebridge.start();
    for (const pattern of patterns) {
      await homebridge.line(pattern);
    }
    await live([homebridge.main, homebridge.child]);
    const lines = homebridge.hapwireLines.filter((line) => !line.startsWith("[hapwire] Initializing"));
    assert.equal(lines.length, patterns.length, lines.join("\n"));
    assert.deepEqual(await readBridgeReports(homebridge.storage), { processes: [], silent: [], foreign: [] });
  };
}

async function live(targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => new Controllers(target).live()));
}

function carries(name: string, username: string): RegExp {
  return new RegExp(`^\\[hapwire\\] carries ${name}( \\w{4})? \\(${username}\\): ${NATIVE}`);
}

/** The line that a document shows. */
function lineOf(document: string): string {
  return /^`?(\[hapwire\] carries .*?)`?$/m.exec(readFileSync(path.join(ROOT, document), "utf8"))?.[1] ?? "";
}

/** A line without what differs from bridge to bridge. */
function formOf(line: string): string {
  return line
    .replace(/carries .* \([\dA-F:]{17}\)/, "carries NAME (USERNAME)")
    .replace(/\d+(\.\d+)+/g, "VERSION");
}

/** The settings dialog and the doctor read the same bridges from the sockets. */
async function checkReports({ storage }: Homebridge, targets: readonly Target[]): Promise<void> {
  const { processes, silent } = await readBridgeReports(storage);
  assert.deepEqual(silent, []);
  const bridges = processes.flatMap(({ bridges: list }) =>
    list.map(({ username, port }) => ({ username, port })),
  );
  const byPort = (one: { port: number | null }, other: { port: number | null }): number =>
    (one.port ?? 0) - (other.port ?? 0);
  assert.deepEqual(
    bridges.sort(byPort),
    targets.map(({ username, port }) => ({ username, port })).sort(byPort),
  );
  for (const { name, requests, events } of processes.flatMap(({ servers }) => servers)) {
    assert.ok(requests > 0 && events.delivered > 0, name ?? "");
  }
}

/** The status page of the main process reports on the bridges of all processes. */
async function checkStatusPage(homebridge: Homebridge, targets: readonly Target[]): Promise<void> {
  const line = await homebridge.line(/^\[hapwire\] status page: http/);
  const response = await fetch(`${/http\S+/.exec(line)?.[0] ?? ""}status.json`);
  const { servers } = (await response.json()) as StatusReport;
  assert.deepEqual(servers.map(({ port }) => port).sort(), targets.map(({ port }) => port).sort());
}
