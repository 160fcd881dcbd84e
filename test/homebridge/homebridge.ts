/** A Homebridge process with the platform of lamps: its storage, its configuration, its log, its start and its stop. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { patient } from "../support/patience";
import type { Installation } from "./install";

export const PIN = "031-45-154";
/** Milliseconds that a line of the log may take. Homebridge 1 restarts a child after 7 s. */
const PATIENCE = patient(60_000);
/** Homebridge itself waits for 5 s when it is told to end. */
const STOP_PATIENCE = 20_000;

/** A bridge, or an accessory with a pairing of its own. */
export interface Target {
  readonly name: string;
  readonly username: string;
  readonly port: number;
  readonly lamps: number;
}

export interface Options {
  /** The folder of plugins. */
  readonly plugins: string;
  /** The plugin's block of config.json. None without it. */
  readonly hapwire?: object | undefined;
  readonly disabled?: boolean;
  /** Lamps of the main bridge and of the child bridge. 0 leaves the bridge without the platform. */
  readonly lamps?: { readonly main: number; readonly child: number };
  /** Publishes an external accessory. */
  readonly external?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

const EXTERNAL = "External Lamp";

export class Homebridge {
  readonly storage = mkdtempSync(path.join(tmpdir(), "hapwire-homebridge-"));
  readonly main: Target;
  readonly child: Target;
  /** The lines of the process and its children since the last start. */
  log: string[] = [];
  readonly #installation: Installation;
  readonly #options: Options;
  readonly #waiting = new Set<() => void>();
  #process: ChildProcess | undefined;

  private constructor(installation: Installation, options: Options, ports: readonly [number, number]) {
    this.#installation = installation;
    this.#options = options;
    const { lamps = { main: 2, child: 2 } } = options;
    this.main = { name: "Main", username: "0E:11:22:33:44:55", port: ports[0], lamps: lamps.main };
    this.child = { name: "Child", username: "0E:11:22:33:44:66", port: ports[1], lamps: lamps.child };
    writeFileSync(path.join(this.storage, "config.json"), JSON.stringify(this.#config()));
  }

  static async create(installation: Installation, options: Options): Promise<Homebridge> {
    return new Homebridge(installation, options, await freePorts());
  }

  /** Starts, until all bridges listen. */
  async start(): Promise<void> {
    const { node, program } = this.#installation;
    const { plugins, env } = this.#options;
    this.log = [];
    const homebridge = spawn(
      node,
      [
        ...[program, "--no-qrcode", "--no-timestamp", "--user-storage-path", this.storage],
        ...["--strict-plugin-resolution", "--plugin-path", plugins],
      ],
      {
        cwd: this.storage,
        env: { ...process.env, NODE_OPTIONS: "", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#process = homebridge;
    for (const stream of [homebridge.stdout, homebridge.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.log.push(line);
        this.#wake();
      });
    }
    homebridge.once("exit", () => {
      this.log.push(ENDED);
      this.#wake();
    });
    const bridges = [this.main, this.child].filter(({ lamps }) => lamps > 0);
    await Promise.all(bridges.map(({ port }) => this.listening(port)));
    if (this.#options.external === true) await this.line(EXTERNAL_LISTENS);
  }

  /** The external accessory, once it listens. */
  get external(): Target {
    const [, name = "", username = ""] = this.#match(/ carries (External Lamp \w+) \(([\dA-F:]+)\)/);
    const [, port] = this.#match(EXTERNAL_LISTENS);
    return { name, username, port: Number(port), lamps: 2 };
  }

  /** Resolves when a bridge listens. @param from - Lines of the log that do not count. */
  async listening(port: number, from = 0): Promise<void> {
    await this.line(new RegExp(`is running on port ${String(port)}\\b`), from);
  }

  /** Resolves with a line that matches. @param from - Lines of the log that do not count. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const deadline = setTimeout(() => {
      this.log.push(`TOO LATE for ${String(pattern)}`, ENDED);
      this.#wake();
    }, PATIENCE);
    try {
      for (;;) {
        const found = this.log.slice(from).find((line) => pattern.test(line));
        if (found !== undefined) return found;
        if (this.log.includes(ENDED)) throw new Error(`no line matches ${String(pattern)}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The lines that are from hapwire. */
  get hapwireLines(): string[] {
    return this.log.filter((line) => /^(\[hapwire\]|hapwire) /.test(line));
  }

  /** The lines that say which bridge hapwire carries, by the plugin or the preload. */
  get carriedLines(): string[] {
    return this.hapwireLines.filter((line) => /^\S+ carries /.test(line));
  }

  /** Kills the newest process of the child bridge, as the system does if memory is short. */
  killChild(): void {
    const pids = this.log.flatMap((line) => /child bridge .*\bpid (\d+)/i.exec(line)?.[1] ?? []);
    process.kill(Number(pids.at(-1)), "SIGKILL");
  }

  /** Ends the process as systemd does, and waits until it is gone. */
  async stop(): Promise<void> {
    const homebridge = this.#process;
    if (homebridge?.exitCode === null && homebridge.signalCode === null) {
      const exited = once(homebridge, "exit");
      homebridge.kill("SIGTERM");
      const deadline = setTimeout(() => homebridge.kill("SIGKILL"), STOP_PATIENCE);
      await exited;
      clearTimeout(deadline);
    }
  }

  /** Stops, and removes the storage. */
  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.storage, { recursive: true, force: true });
  }

  #config(): object {
    const { hapwire, disabled = false, external = false } = this.#options;
    const bind = ["127.0.0.1"];
    const { name, username, port } = this.main;
    const own = { name: this.child.name, username: this.child.username, port: this.child.port };
    const main = { platform: "HapwireLamps", name: "Lamps", lamps: this.main.lamps };
    const child = { platform: "HapwireChildLamps", name: "Child", lamps: this.child.lamps, _bridge: own };
    return {
      bridge: { name, username, port, pin: PIN, bind, advertiser: "ciao" },
      disabledPlugins: disabled ? ["homebridge-hapwire"] : [],
      platforms: [
        ...(hapwire === undefined ? [] : [{ platform: "Hapwire", name: "hapwire", ...hapwire }]),
        external ? { ...main, external: EXTERNAL } : main,
        ...(this.child.lamps > 0 ? [child] : []),
      ],
    };
  }

  #match(pattern: RegExp): RegExpExecArray {
    for (const line of this.log) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    throw new Error(`no line matches ${String(pattern)}`);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Stands in the log for the end of the process. */
const ENDED = "--- ended";
const EXTERNAL_LISTENS = /External Lamp \w+ is running on port (\d+)/;

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
