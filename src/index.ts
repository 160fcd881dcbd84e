/** hapwire: the EventedHTTPServer of the HomeKit Accessory Protocol with a native hot path. */

export { FrameOpener, FrameSealer, type CodecOptions } from "./codec";
export type { Clock, Timer } from "./clock";
export { HAPConnection, type EventName, type HAPConnectionEvents, type HAPUsername } from "./connection";
export { EventedHTTPServerEvent, HAPConnectionEvent, HAPConnectionState } from "./constants";
export { deriveSessionKeys, HAPEncryption, type SessionKeys } from "./encryption";
export type {
  ConnectionClosedMessage,
  ConnectionOpenedMessage,
  EventsFlushedMessage,
  RefusalMessage,
  RequestMessage,
} from "./diagnostics";
export type { EngineName } from "./engine/contract";
export { engineInfo, type EngineInfo } from "./engine/load";
export {
  ArgumentError,
  ConnectionError,
  EngineError,
  FrameError,
  HapwireError,
  type ErrorCode,
} from "./errors";
export type { ServerOptions } from "./options";
export { EventedHTTPServer, type CloseOptions, type EventedHTTPServerEvents } from "./server";
export type { ConnectionStats, ServerStats } from "./stats";
