/** A Homebridge process with the plugin of lamps: its storage, its configuration, its log, its starts and stops. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { ROOT } from "../support/child";
import type { Installation } from "./install";

export const PIN = "031-45-154";
/** Milliseconds; Homebridge takes seconds, a small machine tens of them. */
const START_PATIENCE = 120_000;
/** Homebridge itself waits for 5 seconds when it is told to end. */
const STOP_PATIENCE = 20_000;
/** How Homebridge ends after SIGTERM. */
const TERMINATED = 143;

export interface HomebridgeOptions {
  readonly lamps: number;
  readonly preload: boolean;
  /** Whether the lamps are on a bridge of their own, in a child process. */
  readonly childBridge: boolean;
}

export class Homebridge {
  /** The identifier of the bridge that has the lamps. */
  readonly username = "0E:11:22:33:44:55";
  /** What both the process and its children wrote since the last start. */
  log: string[] = [];
  readonly #installation: Installation;
  readonly #options: HomebridgeOptions;
  readonly #storage = mkdtempSync(path.join(tmpdir(), "hapwire-homebridge-"));
  /** The port of the bridge that has the lamps. */
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(
    installation: Installation,
    options: HomebridgeOptions,
    [port, other]: [number, number],
  ) {
    this.#installation = installation;
    this.#options = options;
    this.port = port;
    const bind = ["127.0.0.1"];
    const bridge = { name: "Lamp Bridge", pin: PIN, bind, advertiser: "ciao" };
    const own = { username: this.username, port };
    const lamps = { platform: "HapwireLamps", name: "Lamps", lamps: options.lamps };
    const config = options.childBridge
      ? {
          bridge: { ...bridge, username: "0E:11:22:33:44:66", port: other },
          platforms: [{ ...lamps, _bridge: own }],
        }
      : { bridge: { ...bridge, ...own }, platforms: [lamps] };
    writeFileSync(path.join(this.#storage, "config.json"), JSON.stringify(config));
  }

  static async create(installation: Installation, options: HomebridgeOptions): Promise<Homebridge> {
    return new Homebridge(installation, options, await freePorts());
  }

  /** The lines by which the preload says that it is active, or why it is not. */
  get preloadLines(): string[] {
    return this.log.filter((line) => line.startsWith("hapwire "));
  }

  /** Starts, until the lamps are published. @returns milliseconds that it took. */
  async start(): Promise<number> {
    const { node, program } = this.#installation;
    const started = performance.now();
    this.log = [];
    const child = spawn(
      node,
      [
        ...[program, "--no-qrcode", "--no-timestamp", "--user-storage-path", this.#storage],
        ...["--strict-plugin-resolution", "--plugin-path", path.join(ROOT, "test", "homebridge", "plugin")],
      ],
      {
        cwd: this.#storage,
        env: { ...process.env, NODE_OPTIONS: this.#options.preload ? `--require ${PRELOAD}` : "" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child = child;
    await this.#published(child);
    return performance.now() - started;
  }

  /** Ends the process as systemd does, and waits until it is gone. @throws Error where it had to be killed. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) {
      return;
    }
    const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill("SIGTERM");
    const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE);
    const [code, signal] = await exited;
    clearTimeout(deadline);
    if (code !== TERMINATED) {
      throw new Error(`Homebridge ended with ${String(code ?? signal)}:\n${this.log.slice(-20).join("\n")}`);
    }
  }

  /** Stops whatever is left, and removes its storage. */
  async dispose(): Promise<void> {
    try {
      await this.stop();
    } finally {
      rmSync(this.#storage, { recursive: true, force: true });
    }
  }

  /** Resolves when the log says that the bridge of the lamps listens. */
  async #published(child: ChildProcess): Promise<void> {
    const wanted = `is running on port ${String(this.port)}`;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        child.kill("SIGKILL");
        reject(new Error(`Homebridge ${why}:\n${this.log.slice(-30).join("\n")}`));
      };
      const deadline = setTimeout(() => {
        fail("has not published the lamps");
      }, START_PATIENCE);
      const settle = (act: () => void): void => {
        clearTimeout(deadline);
        act();
      };
      child.once("exit", (code) => {
        settle(() => {
          fail(`ended with ${String(code)}`);
        });
      });
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue;
        createInterface({ input: stream }).on("line", (line) => {
          this.log.push(line);
          if (line.includes(wanted)) settle(resolve);
        });
      }
    });
  }
}

const PRELOAD = path.join(ROOT, "register.js");

/** Two ports that nobody uses now. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(
    servers.map((server) => {
      server.listen(0, "127.0.0.1");
      return once(server, "listening");
    }),
  );
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, "close");
    }),
  );
  return [first ?? 0, second ?? 0];
}
