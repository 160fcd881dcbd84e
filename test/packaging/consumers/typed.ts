// An example of a user's TypeScript, compiled as CommonJS, as an ECMAScript module and for a bundler.
import {
  EventedHTTPServer,
  HapwireError,
  type EngineInfo,
  type HAPConnection,
  type ServerOptions,
  engineInfo,
} from "hapwire";

const options: ServerOptions = { engine: "portable", coalescingDelay: 100 };
const server: EventedHTTPServer = new EventedHTTPServer(options);
server.on("request", (connection: HAPConnection, request, response) => {
  connection.enableEventNotifications(1, 9);
  response.end(request.url);
});
export const info: EngineInfo = engineInfo();
export const codeOf = (error: unknown): string => (error instanceof HapwireError ? error.code : "");
// @ts-expect-error the types are not any
server.listen(true);
