/**
 * The status page of a running bridge: a small HTTP server of its own, off by default. It only reads, and its failures do not
 * reach the bridge.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { checkInteger, checkNonEmptyString } from "../check";
import { systemClock, type Clock } from "../clock";
import { serverListening, type ServerMessage } from "../diagnostics";
import { visibleInterfaces } from "../network";
import { checkOptionNames } from "../option-names";
import type { EventedHTTPServer } from "../server";
import { createToken, isLoopback, judge } from "./access";
import { DEFAULT_HOST } from "./address";
import { readAsset } from "./assets";
import type { StatusReport } from "./report";
import { Reporter } from "./reporter";

export interface StatusPageOptions {
  /** 0 to 65,535; with 0 the system chooses. */
  port: number;
  /** The address to listen on. Default `127.0.0.1`. If others reach it, the page's URL has a token. */
  host?: string;
  /** The servers to report on. Default: all that start to listen in this process from now on. */
  servers?: Iterable<EventedHTTPServer>;
  /** Gives the report. Default: a report about servers of this process. */
  report?: () => Promise<StatusReport | undefined>;
  /** Takes one line for people: the address of the page, or why there is no page. Default: standard error. */
  log?: (line: string) => void;
  /** For tests. */
  clock?: Clock;
}

const OPTION_NAMES = { port: true, host: true, servers: true, report: true, log: true, clock: true };
const MAX_PORT = 65_535;
/** More connections than open browsers. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT = 10_000;
const MAX_HEADER_SIZE = 8192;

/** Allows no foreign source, cache or frame, and no referrer: the URL may hold the token. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
} as const;

const TEXTS = {
  403: "Open this page by the address in the log.\n",
  404: "There is nothing here.\n",
  405: "This page is only for reading.\n",
  500: "The status page could not be read.\n",
} as const;

export class StatusPage {
  /** The page's URL. Undefined if the page can't be served. Never rejects. */
  readonly ready: Promise<string | undefined>;
  readonly #http: Server;
  /** Undefined if the report comes from elsewhere. */
  readonly #reporter: Reporter | undefined;
  readonly #report: () => Promise<StatusReport | undefined>;
  readonly #log: (line: string) => void;
  #token: string | undefined;
  #endFollowing: (() => void) | undefined;

  /** @throws {@link ArgumentError} if the port or the host is wrong. */
  constructor(options: StatusPageOptions) {
    checkOptionNames<StatusPageOptions>(options, OPTION_NAMES, "the status page");
    const { port, host = DEFAULT_HOST, servers, report, log = logToStderr, clock = systemClock } = options;
    checkInteger(port, "port", 0, MAX_PORT);
    checkNonEmptyString(host, "host");
    this.#log = log;
    this.#reporter = report === undefined ? new Reporter(clock) : undefined;
    this.#report = report ?? (() => Promise.resolve(this.#reporter?.report()));
    if (servers !== undefined) {
      for (const server of servers) {
        this.watch(server);
      }
    } else if (report === undefined) {
      this.#follow();
    }
    this.#http = createServer({ requestTimeout: REQUEST_TIMEOUT, maxHeaderSize: MAX_HEADER_SIZE });
    this.#http.maxConnections = MAX_CONNECTIONS;
    this.#http.on("request", this.#onRequest.bind(this));
    // Neither the page nor its readers keep the process alive.
    this.#http.on("connection", (socket) => socket.unref());
    this.#http.unref();
    this.ready = this.#listen(port, host);
  }

  /** Reports on a server until it is closed. */
  watch(server: EventedHTTPServer): void {
    this.#reporter?.watch(server);
  }

  /** Ends the page, its connections and its observation of servers. */
  async close(): Promise<void> {
    this.#endFollowing?.();
    this.#reporter?.close();
    await this.ready;
    await new Promise<void>((resolve) => {
      // Ignore the error: the server was not listening.
      this.#http.close(() => {
        resolve();
      });
      this.#http.closeAllConnections();
    });
  }

  /** Watches every server of the process that starts to listen. */
  #follow(): void {
    const onListening = (message: unknown): void => {
      this.watch((message as ServerMessage).server);
    };
    subscribe(serverListening.name, onListening);
    this.#endFollowing = () => {
      unsubscribe(serverListening.name, onListening);
    };
  }

  async #listen(port: number, host: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#http.on("error", (error) => {
        this.#log(`the status page is not served on ${host} port ${String(port)}: ${describe(error)}`);
        resolve(undefined);
      });
      this.#http.listen(port, host, () => {
        const address = this.#http.address() as AddressInfo;
        if (!isLoopback(address.address)) {
          this.#token = createToken();
        }
        const url = urlOf(address, this.#token);
        this.#log(`status page: ${url}`);
        resolve(url);
      });
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => {
      this.#log(`the status page failed: ${describe(error)}`);
      if (response.headersSent) {
        response.destroy();
      } else {
        refuse(response, 500);
      }
    });
  }

  async #answer({ method, url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const verdict = judge({ method, url, host: headers.host }, this.#token);
    if ("status" in verdict) {
      refuse(response, verdict.status);
    } else if (verdict.path === "/status.json") {
      const report = await this.#report();
      if (report === undefined) {
        refuse(response, 404);
      } else {
        send(response, 200, "application/json", Buffer.from(JSON.stringify(report)));
      }
    } else {
      const asset = await readAsset(verdict.path);
      if (asset === undefined) {
        refuse(response, 404);
      } else {
        send(response, 200, asset.type, asset.content);
      }
    }
  }
}

/** Logs later failures. @throws {@link ArgumentError} if the port or the host is wrong. */
export function startStatusPage(options: StatusPageOptions): StatusPage {
  return new StatusPage(options);
}

function refuse(response: ServerResponse, status: keyof typeof TEXTS): void {
  if (status === 405) {
    response.setHeader("Allow", "GET");
  }
  // The body of the request is not read.
  response.setHeader("Connection", "close");
  send(response, status, "text/plain; charset=utf-8", Buffer.from(TEXTS[status]));
}

function send(response: ServerResponse, status: number, type: string, content: Buffer): void {
  response.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Length": content.length });
  response.end(content);
}

function urlOf({ address, port }: AddressInfo, token: string | undefined): string {
  const host = address === "0.0.0.0" || address === "::" ? reachableAddress() : address;
  const path = token === undefined ? "/" : `/${token}/`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}${path}`;
}

/** The first address of this machine that others may reach. */
function reachableAddress(): string {
  const infos = Object.values(visibleInterfaces()).flatMap((list) => list ?? []);
  return infos.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "EADDRINUSE"
    ? "the port is taken, perhaps by the page of another bridge; with HAPWIRE_STATUS=0 each bridge gets a free one"
    : message;
}

/** Writes a line to standard error. */
export function logToStderr(line: string): void {
  process.stderr.write(`hapwire: ${line}\n`);
}
