/**
 * Serves the report of this process to other processes of the same user: to the settings dialog of the Homebridge plugin,
 * and to `hapwire doctor --storage`. A Unix socket of mode 0600, or a named pipe: no TCP port, no token.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

import { systemClock, type Clock } from "../clock";
import { serverClosed, type ServerMessage } from "../diagnostics";
import type { EventedHTTPServer } from "../server";
import { readBridgeReports } from "./bridge-reports";
import { PROCESS_REPORT_FORMAT, type BridgeIdentity, type ProcessReport } from "./process-report";
import { Reporter } from "./reporter";
import { makeSocketFolder, socketOf, withAddress, type ProcessSocket } from "./socket-folder";

/** More readers than open dialogs. */
const MAX_READERS = 16;
/** Milliseconds that a reader may take for a report. */
const READER_PATIENCE = 5000;

/** The identity of a bridge. */
export interface NamedServer extends Omit<BridgeIdentity, "port"> {
  readonly server: EventedHTTPServer;
}

/** The socket of this process. Its failures do not reach the bridges. */
export class BridgeSocket {
  /** Resolves when the socket listens, or when it can't. Never rejects. */
  readonly ready: Promise<void>;
  readonly #place: ProcessSocket;
  readonly #reporter: Reporter;
  readonly #bridges = new Set<NamedServer>();
  readonly #listener: Server;
  readonly #readers = new Set<Socket>();
  readonly #onServerClosed = (message: unknown): void => {
    for (const bridge of this.#bridges) {
      if (bridge.server === (message as ServerMessage).server) this.#bridges.delete(bridge);
    }
  };
  readonly #onExit = (): void => {
    rmSync(this.#place.file, { force: true });
  };

  /**
   * @param storage - Homebridge's storage folder.
   * @param log - Takes one line that says why there is no socket.
   */
  constructor(storage: string, log: (line: string) => void, clock: Clock = systemClock) {
    this.#place = socketOf(storage, process.pid);
    this.#reporter = new Reporter(clock);
    this.#listener = createServer((socket) => {
      this.#answer(socket);
    });
    this.#listener.maxConnections = MAX_READERS;
    this.#listener.unref();
    subscribe(serverClosed.name, this.#onServerClosed);
    this.ready = this.#listen(storage).catch((error: unknown) => {
      log(`no live status in the settings: ${(error as Error).message}`);
    });
  }

  /** Reports a bridge until its server has closed. A second server of the same bridge takes the place of the first. */
  add(bridge: NamedServer): void {
    for (const other of this.#bridges) {
      if (other.username === bridge.username) this.#bridges.delete(other);
    }
    this.#bridges.add(bridge);
    this.#reporter.watch(bridge.server);
  }

  /** Ends the socket and the observation of servers. */
  async close(): Promise<void> {
    unsubscribe(serverClosed.name, this.#onServerClosed);
    this.#reporter.close();
    await this.ready;
    await new Promise<void>((resolve) => {
      // Ignore the error: the socket did not listen.
      this.#listener.close(() => {
        resolve();
      });
      for (const reader of this.#readers) reader.destroy();
    });
    process.off("exit", this.#onExit);
    this.#onExit();
  }

  async #listen(storage: string): Promise<void> {
    makeSocketFolder(storage);
    // Removes the sockets that killed processes have left behind.
    await readBridgeReports(storage);
    const { file } = this.#place;
    // In a container, the process before this one had the same id.
    rmSync(file, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#listener.on("error", reject);
      this.#listener.on("listening", resolve);
      withAddress(this.#place, (address) => this.#listener.listen(address));
    });
    if (process.platform === "win32") {
      writeFileSync(file, "");
    } else {
      chmodSync(file, 0o600);
    }
    process.once("exit", this.#onExit);
  }

  #answer(socket: Socket): void {
    // A reader that goes away, or reads no data, does not disturb the bridges.
    this.#readers.add(socket);
    socket.on("close", () => this.#readers.delete(socket));
    socket.unref();
    socket.on("error", () => undefined);
    socket.setTimeout(READER_PATIENCE, () => socket.destroy());
    socket.resume();
    try {
      socket.end(JSON.stringify(this.#report()));
    } catch {
      socket.destroy();
    }
  }

  #report(): ProcessReport {
    const bridges = [...this.#bridges].map(({ name, username, hapVersion, server }) => ({
      name,
      username,
      hapVersion,
      port: server.address()?.port ?? null,
    }));
    return { format: PROCESS_REPORT_FORMAT, ...this.#reporter.report(), bridges };
  }
}
