// The stand-in's own transport. It answers nothing: a test that gets an answer was served by another transport.
import { EventEmitter } from "node:events";
import { createServer } from "node:net";

export class HAPConnection extends EventEmitter {}

export class EventedHTTPServer extends EventEmitter {
  #tcpServer = createServer();

  address() {
    return this.#tcpServer.address();
  }

  listen(port, hostname) {
    this.#tcpServer.listen(port, hostname, () => {
      this.emit("listening", this.#tcpServer.address().port, hostname);
    });
  }

  stop() {
    this.#tcpServer.close();
  }

  destroy() {
    this.stop();
    this.removeAllListeners();
  }

  broadcastEvent() {
    throw new Error("no connection has subscribed");
  }

  static destroyExistingConnectionsAfterUnpair(initiator) {
    initiator.emit("unpaired by the stand-in");
  }
}
