"use strict";

// A server and a controller as a user would write them: the end of pair-verify, a request and an event in a secured session.
// Tells which engine ran. The other files here call it.

const { Buffer } = require("node:buffer");
const { randomBytes } = require("node:crypto");
const { once } = require("node:events");
const { connect } = require("node:net");

/** @param {typeof import("hapwire")} hapwire */
async function converse({ EventedHTTPServer, FrameOpener, FrameSealer, engineInfo }) {
  const keys = { accessoryToControllerKey: randomBytes(32), controllerToAccessoryKey: randomBytes(32) };
  const server = new EventedHTTPServer();
  server.on("request", (connection, request, response) => {
    if (request.url === "/subscribe") connection.enableEventNotifications(1, 9);
    response.end(`answer to ${request.url}`);
    if (request.url === "/pair-verify") {
      connection.secure(keys);
      connection.connectionAuthenticated("controller");
    }
  });
  server.listen(0, "127.0.0.1");
  const [port] = await once(server, "listening");

  const sealer = new FrameSealer(keys.controllerToAccessoryKey);
  const opener = new FrameOpener(keys.accessoryToControllerKey);
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let secured = false;
  socket.on("data", (data) => {
    received += secured ? opener.open(data).toString() : data.toString();
    socket.emit("text");
  });
  const read = async (text) => {
    while (!received.includes(text)) await once(socket, "text");
  };

  socket.write("POST /pair-verify HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  await read("answer to /pair-verify");
  secured = true;
  socket.write(sealer.seal(Buffer.from("GET /subscribe HTTP/1.1\r\nHost: a\r\n\r\n")));
  await read("answer to /subscribe");
  server.broadcastEvent(1, 9, 21.5, undefined, true);
  await read('{"aid":1,"iid":9,"value":21.5}');

  socket.destroy();
  await server.close();
  const { name, file } = engineInfo();
  return { engine: name, file, node: process.version, arch: process.arch };
}

module.exports = { converse };
