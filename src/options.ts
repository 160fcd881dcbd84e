/** The options of a server, their defaults and their bounds. Explained one by one in docs/limits.md. */

import { maxHeaderSize } from "node:http";

import { checkEngineName, checkInteger } from "./check";
import { systemClock, type Clock } from "./clock";
import type { EngineName } from "./engine/contract";

/** All of them are optional: the defaults are such that no real home meets a limit. */
export interface ServerOptions {
  /** The engine for the connections' sessions and events. Default: the one that {@link engineInfo} names. */
  engine?: EngineName;
  /** Milliseconds that events gather before they go out as one message. Default 250. */
  coalescingDelay?: number;
  /** Events that may wait for one connection before its queue collapses to the newest values. Default 4,096. */
  maxQueuedEvents?: number;
  /** Bytes of JSON that may wait for one connection before its queue collapses. Default 1 MiB. */
  maxQueuedEventBytes?: number;
  /** Characteristics that one connection may subscribe to. Default 65,536. */
  maxSubscriptions?: number;
  /** Milliseconds without progress after which a controller that does not read is given up. Default 60,000. */
  stallTimeout?: number;
  /** Milliseconds of silence after which a connection is closed, once there are many. Default one hour. */
  idleTimeout?: number;
  /** From how many connections on idle ones are closed. Default 16. */
  idleSweepThreshold?: number;
  /**
   * Milliseconds of silence after which a stranger's connection is closed: one that was neither authenticated nor
   * subscribed to anything. Default 10 minutes.
   */
  strangerIdleTimeout?: number;
  /** Connections of strangers. Past it the one idle for longest is closed. Default 64. */
  maxStrangers?: number;
  /** Bytes of a stranger's request's body. Past it: 413. Default 64 KiB. */
  maxStrangerBodySize?: number;
  /** Bytes of everybody else's. Past it: 413. Default 16 MiB. */
  maxBodySize?: number;
  /** Bytes of the head of a stranger's request. Past it: 431. Default `http.maxHeaderSize`, 16 KiB. */
  maxStrangerHeadSize?: number;
  /** Bytes of the head of everybody else's. Past it: 431. Default 64 KiB, or `http.maxHeaderSize` if that is larger. */
  maxHeadSize?: number;
  /** Requests of a stranger that are handed to handlers and not answered. Past it: 503. Default 8. */
  maxStrangerPendingRequests?: number;
  /** Requests of one connection that are handed to handlers and not answered. Past it: 503. Default 256. */
  maxPendingRequests?: number;
  /** Milliseconds from a request's first byte to the end of its head. Past it: 408. Default 60,000. */
  headTimeout?: number;
  /** Milliseconds from a request's first byte to the end of its body. Past it: 408. Default 300,000. */
  requestTimeout?: number;
  /** Bytes of responses that are handed to a socket at a time. Default 128 KiB. */
  maxUnsentBytes?: number;
  /** Frames that one segment may complete. Past it the connection is closed. Default 4,096. */
  maxFramesPerSegment?: number;
  /** Milliseconds that a controller is given to close its side, once the system has the last bytes. Default 2,000. */
  lingerTimeout?: number;
  /** The clock that all timers go by; for tests. */
  clock?: Clock;
}

/** The options with every default filled in. */
export type Settings = Required<Omit<ServerOptions, "engine">> & { engine: EngineName | undefined };

const KIB = 1024;
const MIB = 1024 * KIB;
/** The longest delay of a Node timer, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

const MIN_HEAD_SIZE = 256;
const MAX_HEAD_SIZE = MIB;
/** Follows `--max-http-header-size`. */
const HEAD_SIZE = Math.min(Math.max(maxHeaderSize, MIN_HEAD_SIZE), MAX_HEAD_SIZE);

/** @throws {@link ArgumentError} that names the option. */
export function settingsFrom(options: ServerOptions): Settings {
  checkEngineName(options.engine, "options.engine");
  return {
    engine: options.engine,
    coalescingDelay: integer(options, "coalescingDelay", 250, 0, MAX_DELAY),
    maxQueuedEvents: integer(options, "maxQueuedEvents", 4096, 1, 2 ** 20),
    maxQueuedEventBytes: integer(options, "maxQueuedEventBytes", MIB, 1, 1024 * MIB),
    maxSubscriptions: integer(options, "maxSubscriptions", 65_536, 1, 2 ** 20),
    stallTimeout: integer(options, "stallTimeout", 60_000, 1, MAX_DELAY),
    idleTimeout: integer(options, "idleTimeout", 60 * 60 * 1000, 1, MAX_DELAY),
    idleSweepThreshold: integer(options, "idleSweepThreshold", 16, 1, Number.MAX_SAFE_INTEGER),
    strangerIdleTimeout: integer(options, "strangerIdleTimeout", 10 * 60 * 1000, 1, MAX_DELAY),
    maxStrangers: integer(options, "maxStrangers", 64, 1, Number.MAX_SAFE_INTEGER),
    maxStrangerBodySize: integer(options, "maxStrangerBodySize", 64 * KIB, 0, Number.MAX_SAFE_INTEGER),
    maxStrangerPendingRequests: integer(options, "maxStrangerPendingRequests", 8, 1, Number.MAX_SAFE_INTEGER),
    maxBodySize: integer(options, "maxBodySize", 16 * MIB, 0, Number.MAX_SAFE_INTEGER),
    maxStrangerHeadSize: integer(options, "maxStrangerHeadSize", HEAD_SIZE, MIN_HEAD_SIZE, MAX_HEAD_SIZE),
    maxHeadSize: integer(options, "maxHeadSize", Math.max(HEAD_SIZE, 64 * KIB), MIN_HEAD_SIZE, MAX_HEAD_SIZE),
    maxPendingRequests: integer(options, "maxPendingRequests", 256, 1, Number.MAX_SAFE_INTEGER),
    headTimeout: integer(options, "headTimeout", 60_000, 1, MAX_DELAY),
    requestTimeout: integer(options, "requestTimeout", 300_000, 1, MAX_DELAY),
    maxUnsentBytes: integer(options, "maxUnsentBytes", 128 * KIB, KIB, 1024 * MIB),
    maxFramesPerSegment: integer(options, "maxFramesPerSegment", 4096, 1, 2 ** 31 - 1),
    lingerTimeout: integer(options, "lingerTimeout", 2000, 0, MAX_DELAY),
    clock: options.clock ?? systemClock,
  };
}

type NumericOption = {
  [K in keyof ServerOptions]-?: ServerOptions[K] extends number | undefined ? K : never;
}[keyof ServerOptions];

function integer(
  options: ServerOptions,
  name: NumericOption,
  byDefault: number,
  min: number,
  max: number,
): number {
  const value = options[name] ?? byDefault;
  checkInteger(value, `options.${name}`, min, max);
  return value;
}
