// The stand-in's server of one bridge. It imports the packages for pairing as HAP-NodeJS does.
import { EventEmitter } from "node:events";

import fastSrpHap from "fast-srp-hap";
import tweetnacl from "tweetnacl";

import { EventedHTTPServer } from "./evented-http.mjs";

export class HAPServer extends EventEmitter {
  httpServer = new EventedHTTPServer();

  constructor(accessoryInfo) {
    super();
    this.accessoryInfo = accessoryInfo;
    this.httpServer.on("listening", (port) => this.emit("listening", port));
    this.httpServer.on("request", (connection, request, response) => {
      request.resume().once("end", () => this.#handle(connection, request, response));
    });
  }

  /** The functions of other packages that it pairs with. */
  static get pairingFunctions() {
    const { N } = fastSrpHap.SRP.params.hap;
    return [tweetnacl.sign, tweetnacl.box, tweetnacl.scalarMult, N.modPow];
  }

  listen(port = 0, host = undefined) {
    this.httpServer.listen(port, host);
  }

  destroy() {
    this.httpServer.destroy();
  }

  sendEventNotifications(aid, iid, value, originator, immediateDelivery) {
    this.httpServer.broadcastEvent(aid, iid, value, originator, immediateDelivery);
  }

  #handle(connection, request, response) {
    switch (request.url) {
      case "/pair-verify":
        connection.connectionAuthenticated("user");
        break;
      case "/characteristics":
        connection.enableEventNotifications(1, 9);
        break;
      case "/pairings":
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
        break;
    }
    response.end("the stand-in");
  }
}
