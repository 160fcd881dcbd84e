/**
 * A program: a server that answers every request with the number of its connections, for tests that need one in a process
 * of its own. Argument: the engine. Writes its port.
 */

import { EventedHTTPServer, type EngineName } from "hapwire";

const server = new EventedHTTPServer({ engine: process.argv[2] as EngineName });
server.on("request", (_connection, _request, response) => response.end(String(server.stats().connections)));
server.on("listening", (port) => process.stdout.write(`${String(port)}\n`));
server.listen(0, "127.0.0.1");
