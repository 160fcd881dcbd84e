// A stand-in for a HAP-NodeJS that is made of ES modules: the classes that hapwire looks at, in that shape, and just
// enough behind them to serve requests without pairing.
export { HAPServer } from "./hap-server.mjs";
export { EventedHTTPServer, HAPConnection } from "./evented-http.mjs";

export function HAPLibraryVersion() {
  return "3.0.0-stand-in";
}
