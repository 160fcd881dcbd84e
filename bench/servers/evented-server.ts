/** A server over an EventedHTTPServer. The same code drives hapwire's and HAP-NodeJS's. */

import { once } from "node:events";
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import { Home, SESSION_KEYS, VERIFY, type Subscriber } from "../harness/home";
import type { BenchServer, ServerSettings } from "./contract";

interface Connection extends Subscriber {
  readonly remotePort: number;
  encryption?: unknown;
  connectionAuthenticated(username: string): void;
}

/** The part of an EventedHTTPServer that is used here. */
interface Evented extends EventEmitter {
  readonly connections: { readonly size: number };
  listen(port: number, hostname: string): void;
  broadcastEvent(
    aid: number,
    iid: number,
    value: unknown,
    originator: undefined,
    immediateDelivery: boolean,
  ): void;
}

/** The class of the record that pair-verify fills in. */
type Encryption = new (...handshake: [Buffer, Buffer, Buffer, Buffer, Buffer]) => object;

/**
 * @param server - Does not listen yet.
 * @param encryption - The class of `connection.encryption`.
 */
export async function startEventedServer(
  server: EventEmitter,
  encryption: Encryption,
  settings: ServerSettings,
): Promise<BenchServer> {
  const evented = server as Evented;
  const home = new Home(settings.accessories);
  evented.on("request", (connection: Connection, request: IncomingMessage, response: ServerResponse) => {
    home.answer(request, response, connection);
    if (request.url === VERIFY) {
      secure(connection, encryption);
    }
  });
  const listening = once(evented, "listening") as Promise<[number]>;
  evented.listen(0, "127.0.0.1");
  const [port] = await listening;
  return {
    port,
    get connections() {
      return evented.connections.size;
    },
    broadcast({ changes }, immediate) {
      for (const { aid, iid, value } of changes) {
        evented.broadcastEvent(aid, iid, value, undefined, immediate);
      }
    },
  };
}

/** Does as HAP-NodeJS does after the last response of pair-verify. */
function secure(connection: Connection, encryption: Encryption): void {
  const unused = Buffer.alloc(0);
  connection.encryption = Object.assign(new encryption(unused, unused, unused, unused, unused), SESSION_KEYS);
  connection.connectionAuthenticated(`controller ${String(connection.remotePort)}`);
}
