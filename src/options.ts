/** The options of a server, their defaults and their bounds. docs/limits.md explains each. */

import { maxHeaderSize } from "node:http";

import { checkClock, checkEngineName, checkInteger } from "./check";
import { MAX_DELAY, systemClock, type Clock } from "./clock";
import type { EngineName } from "./engine/contract";
import { optionsFromEnvironment } from "./environment-options";
import { checkOptionNames } from "./option-names";

/** Every option may be left out. No home meets a default limit. */
export interface ServerOptions {
  /** The engine for the connections' sessions and events. Default: the engine that {@link engineInfo} names. */
  engine?: EngineName;
  /** Milliseconds that events gather before they go out as one message. Default 250. */
  coalescingDelay?: number;
  /** Events that may wait for one connection before its queue collapses to the newest values. Default 4,096. */
  maxQueuedEvents?: number;
  /** Bytes of JSON that may wait for one connection before its queue collapses. Default 1 MiB. */
  maxQueuedEventBytes?: number;
  /** Characteristics that one connection may subscribe to. Default 65,536. */
  maxSubscriptions?: number;
  /** Milliseconds without progress after which a controller that does not read loses its connection. Default 60,000. */
  stallTimeout?: number;
  /** Milliseconds of silence after which a connection is closed, if there are many. Default one hour. */
  idleTimeout?: number;
  /** The number of connections that are many. Default 16. */
  idleSweepThreshold?: number;
  /**
   * Milliseconds of silence after which a stranger's connection is closed. A stranger is neither authenticated nor
   * subscribed to anything. Default 10 minutes.
   */
  strangerIdleTimeout?: number;
  /** Connections of all strangers. Above it, the address with the most of them loses one. Default 512. */
  maxStrangers?: number;
  /** Bytes of the body of a stranger's request. Above it: 413. Default 1 MiB. */
  maxStrangerBodySize?: number;
  /** Bytes of all requests of strangers that are not answered yet. Above it: 503. Default 8 MiB. */
  maxStrangerRequestBytes?: number;
  /** Bytes of the body of any other request. Above it: 413. Default 16 MiB. */
  maxBodySize?: number;
  /** Bytes of the head of a request. Above it: 431. Default 64 KiB, or Node's `http.maxHeaderSize` if that is larger. */
  maxHeadSize?: number;
  /** Requests of a stranger that handlers have not answered. Above it: 503. Default 8. */
  maxStrangerPendingRequests?: number;
  /** Requests of one connection that handlers have not answered. Above it: 503. Default 256. */
  maxPendingRequests?: number;
  /** Milliseconds from a request's first byte to the end of its head. Above it: 408. Default 60,000. */
  headTimeout?: number;
  /** Milliseconds from a request's first byte to the end of its body. Above it: 408. Default 300,000. */
  requestTimeout?: number;
  /** Bytes of responses that are handed to a socket at a time. Default 128 KiB. */
  maxUnsentBytes?: number;
  /** Frames that one segment may complete. Above it the connection is closed. Default 4,096. */
  maxFramesPerSegment?: number;
  /** Milliseconds in which a controller must close its side after the last bytes went out. Default 2,000. */
  lingerTimeout?: number;
  /** The clock of all timers, for tests. */
  clock?: Clock;
}

/** The options, with a value for each. Each part of the transport takes those that it needs. */
export type Settings = Readonly<Required<Omit<ServerOptions, "engine">> & { engine: EngineName | undefined }>;

type NumericOption = {
  [K in keyof ServerOptions]-?: ServerOptions[K] extends number | undefined ? K : never;
}[keyof ServerOptions];

type NumericSettings = Record<NumericOption, number>;

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE = 60_000;
const ANY = Number.MAX_SAFE_INTEGER;

/** The default of each option and its bounds, both included. */
const NUMBERS: Readonly<Record<NumericOption, readonly [byDefault: number, min: number, max: number]>> = {
  coalescingDelay: [250, 0, MAX_DELAY],
  maxQueuedEvents: [4096, 1, 2 ** 20],
  maxQueuedEventBytes: [MIB, 1, 1024 * MIB],
  maxSubscriptions: [65_536, 1, 2 ** 20],
  stallTimeout: [MINUTE, 1, MAX_DELAY],
  idleTimeout: [60 * MINUTE, 1, MAX_DELAY],
  idleSweepThreshold: [16, 1, ANY],
  strangerIdleTimeout: [10 * MINUTE, 1, MAX_DELAY],
  maxStrangers: [512, 1, ANY],
  maxStrangerBodySize: [MIB, 0, ANY],
  maxStrangerRequestBytes: [8 * MIB, 1, ANY],
  maxBodySize: [16 * MIB, 0, ANY],
  maxHeadSize: [Math.min(Math.max(64 * KIB, maxHeaderSize), MIB), 256, MIB],
  maxStrangerPendingRequests: [8, 1, ANY],
  maxPendingRequests: [256, 1, ANY],
  headTimeout: [MINUTE, 1, MAX_DELAY],
  requestTimeout: [5 * MINUTE, 1, MAX_DELAY],
  maxUnsentBytes: [128 * KIB, KIB, 1024 * MIB],
  maxFramesPerSegment: [4096, 1, 2 ** 31 - 1],
  lingerTimeout: [2000, 0, MAX_DELAY],
};

const NAMES = { engine: true, clock: true, ...NUMBERS };

/**
 * Warns of unknown names.
 *
 * @param argument - The name of the argument that holds the options.
 * @throws {@link ArgumentError} that names the option.
 */
export function settingsFrom(options: ServerOptions, argument = "options"): Settings {
  checkOptionNames<ServerOptions>(options, NAMES, "EventedHTTPServer", argument);
  const check = (found: ServerOptions): void => void settingsOf(found, {}, "options");
  return settingsOf(options, optionsFromEnvironment(check, NAMES), argument);
}

/** @param environment - Options that count if `options` leaves them out. */
function settingsOf(options: ServerOptions, environment: ServerOptions, argument: string): Settings {
  const { engine = environment.engine, clock = systemClock } = options;
  checkEngineName(engine, `${argument}.engine`);
  checkClock(clock, `${argument}.clock`);
  const numbers: Partial<NumericSettings> = {};
  for (const name of Object.keys(NUMBERS) as NumericOption[]) {
    const [byDefault, min, max] = NUMBERS[name];
    const value = options[name] ?? environment[name] ?? byDefault;
    checkInteger(value, `${argument}.${name}`, min, max);
    numbers[name] = value;
  }
  return { engine, clock, ...(numbers as NumericSettings) };
}
