/**
 * `hapwire`: the EventedHTTPServer of the HomeKit Accessory Protocol with a native hot path.
 *
 * @module hapwire
 */

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
  ServerMessage,
} from "./diagnostics";
export type { EngineName } from "./engine/contract";
export type { RejectedAddon } from "./engine/addon-error";
export type { AddonOrigin } from "./engine/addon-places";
export { engineInfo, type EngineChoice, type EngineInfo } from "./engine/load";
export {
  ArgumentError,
  ConnectionError,
  EngineError,
  FrameError,
  HapwireError,
  MissingPeerError,
  type ErrorCode,
} from "./errors";
export type { ServerOptions } from "./options";
export { EventedHTTPServer, type CloseOptions, type EventedHTTPServerEvents } from "./server";
export type { ConnectionStats, ServerStats } from "./stats";
