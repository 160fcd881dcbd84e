/** AccessoryPairing: the pairings of one accessory, and the part of its server that answers for them. */

import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import { checkClock, checkFunction, checkHasFunctions, checkInteger, checkNonEmptyString } from "../check";
import { systemClock, type Clock } from "../clock";
import type { HAPConnection } from "../connection";
import { ArgumentError } from "../errors";
import { checkOptionNames } from "../option-names";
import { EventedHTTPServer } from "../server";
import { failure, type Answer } from "./answer";
import { PairSetup } from "./pair-setup";
import { PairVerify } from "./pair-verify";
import { PairingRecord } from "./pairing-record";
import { Pairings } from "./pairings";
import { PairingError, Status } from "./protocol";
import { readBody } from "./read-body";
import { checkSetupCode, setupHashOf, setupUriOf } from "./setup-code";
import type { PairedController } from "./state";
import type { PairingStorage } from "./storage";
import { decodeTlv, encodeTlv, type TlvItems } from "./tlv";

/** Options of {@link AccessoryPairing.open}. */
export interface PairingOptions {
  /** Keeps the accessory's keys and pairings. */
  storage: PairingStorage;
  /** The code that a user types to pair: `XXX-XX-XXX`. Default: a random one, which is made once and kept in the storage. */
  setupCode?: string;
  /** The clock of all timers, for tests. */
  clock?: Clock;
}

/** The events of an {@link AccessoryPairing}, each with the arguments of its listeners. */
export interface AccessoryPairingEvents {
  /** The first controller has paired. The advertisement changes. */
  paired: [];
  /** The last pairing was removed. The advertisement changes. */
  unpaired: [];
  /** A controller that is about to pair asks which accessory this is: blink, or beep. */
  identify: [];
}

/** The accessory's facts for {@link AccessoryPairing.txtRecord}. */
export interface Advertisement {
  /** The model's name. */
  model: string;
  /** HomeKit's number for the kind of accessory: 2 is a bridge, 5 a lamp. */
  category: number;
  /** Counts the changes of the accessory database, from 1 up. Default 1. */
  configuration?: number;
}

/**
 * Handles the requests of verified controllers. An exception or a rejected promise is handled as for a listener of the
 * server's `request`.
 */
export type RequestHandler = (
  connection: HAPConnection,
  request: IncomingMessage,
  response: ServerResponse,
) => unknown;

/** A path that pairing answers. */
interface Route {
  /** True if connections that have not verified may use it. */
  readonly isOpen: boolean;
  readonly handle: RequestHandler;
}

type Respond = (connection: HAPConnection, items: TlvItems) => Answer | Promise<Answer>;

const OPTION_NAMES = { storage: true, setupCode: true, clock: true };
const ADVERTISEMENT_NAMES = { model: true, category: true, configuration: true };
const TLV = "application/pairing+tlv8";
const JSON_TYPE = "application/hap+json";
/** HAP's status for a connection that may not do this. */
const INSUFFICIENT_PRIVILEGES = JSON.stringify({ status: -70401 });
const MAX_CATEGORY = 255;
const MAX_CONFIGURATION = 2 ** 32 - 1;

/**
 * The pairings of one accessory: pair-setup, pair-verify, `/pairings`, and `/identify`.
 *
 * @example
 * ```js
 * const pairing = await AccessoryPairing.open({ storage: new JsonFileStorage("lamp.json") });
 * pairing.attach(server, (connection, request, response) => response.end("only for paired controllers"));
 * ```
 */
export class AccessoryPairing extends EventEmitter<AccessoryPairingEvents> {
  /** The code that a user types to pair. */
  readonly setupCode: string;
  readonly #record: PairingRecord;
  readonly #routes: ReadonlyMap<string, Route>;

  private constructor(record: PairingRecord, setupCode: string, clock: Clock) {
    super();
    this.setupCode = setupCode;
    this.#record = record;
    const setup = new PairSetup(record, setupCode, clock);
    const verify = new PairVerify(record);
    const pairings = new Pairings(record);
    this.#routes = new Map<string, Route>([
      ["/identify", { isOpen: true, handle: this.#identify.bind(this) }],
      ["/pair-setup", { isOpen: true, handle: answerBy(setup.answer.bind(setup)) }],
      ["/pair-verify", { isOpen: true, handle: answerBy(verify.answer.bind(verify)) }],
      ["/pairings", { isOpen: false, handle: answerBy(pairings.answer.bind(pairings)) }],
    ]);
    record.onChange = ({ before, after }) => {
      const [wasPaired, isPaired] = [before.controllers.length > 0, after.controllers.length > 0];
      if (wasPaired !== isPaired) {
        // Later: a listener that throws must not change the answer.
        process.nextTick(() => this.emit(isPaired ? "paired" : "unpaired"));
      }
    };
  }

  /**
   * Loads the accessory's keys and pairings. The first time, it makes the keys and saves them.
   *
   * @throws {@link hapwire.ArgumentError} for a setup code that HAP does not allow, or without a storage.
   * @throws {@link hapwire.HapwireError} `ERR_HAPWIRE_STORAGE` if the storage holds something else.
   */
  static async open(options: PairingOptions): Promise<AccessoryPairing> {
    checkOptionNames<PairingOptions>(options, OPTION_NAMES, "AccessoryPairing.open()");
    const { storage, setupCode, clock = systemClock } = options;
    checkHasFunctions(storage, "options.storage", "load", "save");
    checkClock(clock, "options.clock");
    if (setupCode !== undefined) {
      checkSetupCode(setupCode, "options.setupCode");
    }
    const record = await PairingRecord.open(storage);
    return new AccessoryPairing(record, setupCode ?? record.state.setupCode, clock);
  }

  /** The accessory's pairing identifier: `1A:2B:3C:4D:5E:6F`. */
  get accessoryId(): string {
    return this.#record.state.accessoryId;
  }

  /** True if a controller is paired. */
  get isPaired(): boolean {
    return this.#record.isPaired;
  }

  /** The controllers that are paired, oldest first. */
  get controllers(): readonly PairedController[] {
    return this.#record.state.controllers;
  }

  /**
   * Answers the pairing requests of a server. All other requests of verified controllers go to the handler; those of
   * others get 470.
   *
   * @throws {@link hapwire.ArgumentError}
   */
  attach(server: EventedHTTPServer, handler: RequestHandler): void {
    if (!(server instanceof EventedHTTPServer)) {
      throw new ArgumentError("server", "an EventedHTTPServer", server);
    }
    checkFunction(handler, "handler");
    // The server takes the rejection of the promise that a listener returns.
    server.on("request", (connection, request, response) =>
      this.#onRequest(handler, connection, request, response),
    );
  }

  /**
   * The text of a QR code for the accessory.
   *
   * @param category - HomeKit's number for the kind of accessory, 1 to 255: 2 is a bridge, 5 a lamp.
   * @throws {@link hapwire.ArgumentError}
   */
  setupUri(category: number): string {
    checkInteger(category, "category", 1, MAX_CATEGORY);
    return setupUriOf(this.setupCode, this.#record.state.setupId, category);
  }

  /**
   * The TXT record of the mDNS service `_hap._tcp`. It changes with `paired` and `unpaired`.
   *
   * @throws {@link hapwire.ArgumentError}
   */
  txtRecord(advertisement: Advertisement): Record<string, string> {
    checkOptionNames<Advertisement>(advertisement, ADVERTISEMENT_NAMES, "txtRecord()", "advertisement");
    const { model, category, configuration = 1 } = advertisement;
    checkNonEmptyString(model, "model");
    checkInteger(category, "category", 1, MAX_CATEGORY);
    checkInteger(configuration, "configuration", 1, MAX_CONFIGURATION);
    return {
      "c#": String(configuration),
      ff: "0", // no coprocessor of Apple's
      id: this.accessoryId,
      md: model,
      pv: "1.1",
      "s#": "1",
      sf: this.isPaired ? "0" : "1",
      ci: String(category),
      sh: setupHashOf(this.#record.state.setupId, this.accessoryId),
    };
  }

  #onRequest(
    handler: RequestHandler,
    connection: HAPConnection,
    request: IncomingMessage,
    response: ServerResponse,
  ): unknown {
    const [path = ""] = (request.url ?? "").split("?");
    const route = this.#routes.get(path);
    if (route?.isOpen !== true && !connection.isAuthenticated()) {
      refuse(request, response, Status.AuthorizationRequired, "Connection Authorization Required");
      return undefined;
    }
    if (route === undefined) {
      return handler(connection, request, response);
    }
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      refuse(request, response, Status.MethodNotAllowed, "Method Not Allowed");
      return undefined;
    }
    return route.handle(connection, request, response);
  }

  #identify(_connection: HAPConnection, request: IncomingMessage, response: ServerResponse): void {
    if (this.isPaired) {
      // A paired controller writes the characteristic Identify.
      refuse(request, response, Status.BadRequest, "Bad Request");
      return;
    }
    request.resume();
    response.writeHead(Status.NoContent).end();
    this.emit("identify");
  }
}

/** Reads the items of a request, and writes those of its answer. */
function answerBy(respond: Respond): RequestHandler {
  return async (connection, request, response) => {
    const body = await readBody(request);
    if (body === undefined) {
      return; // the connection has closed
    }
    const items = decodeTlv(body);
    const answer =
      items === undefined
        ? failure(2, PairingError.Unknown, Status.BadRequest)
        : await respond(connection, items);
    const message = encodeTlv(answer.items);
    response.writeHead(answer.status, { "Content-Type": TLV, "Content-Length": message.length });
    response.end(message);
    answer.afterwards?.();
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, phrase: string): void {
  request.resume();
  const length = Buffer.byteLength(INSUFFICIENT_PRIVILEGES);
  response.writeHead(status, phrase, { "Content-Type": JSON_TYPE, "Content-Length": length });
  response.end(INSUFFICIENT_PRIVILEGES);
}
