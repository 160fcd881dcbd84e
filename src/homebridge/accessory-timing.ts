/**
 * Tells the status report which accessory kept a request waiting, and what it is called. Looks on at the events of one
 * HAPServer of HAP-NodeJS and changes none of its results. If HAP-NodeJS looks different from what is expected, nothing
 * is told, and the bridge is as it was.
 */

import { EventEmitter } from "node:events";

import { HAPConnection } from "../connection";
import {
  characteristicsAnswered,
  characteristicsAsked,
  CharacteristicsRequest,
  nameBridge,
  type BridgeNames,
  type CharacteristicsAnsweredMessage,
  type CharacteristicsAskedMessage,
} from "../status/trouble/characteristics";

/** A bridge that hapwire carries. */
export interface TimedBridge {
  readonly name: string;
  readonly server: HAPConnection["server"];
  /** HAP-NodeJS's exports. */
  readonly hap: object;
  /** HAP-NodeJS's `HAPServer` of the bridge. */
  readonly hapServer: object;
}

type Emit = (this: unknown, event: unknown, ...values: unknown[]) => boolean;

/** The events of HAPServer for requests for characteristics, and where the request has its list. */
const ACCESS = {
  "get-characteristics": { access: "read", list: "ids" },
  "set-characteristics": { access: "write", list: "characteristics" },
} as const;

/**
 * Observes the characteristics of a bridge. To be called before the bridge listens: HAP-NodeJS then shows whose server it
 * is.
 */
export function timeAccessories(bridge: TimedBridge): void {
  const { name, server, hapServer } = bridge;
  nameBridge(server, { name, find: () => ({}) });
  const emit = propertyOf(hapServer, "emit");
  if (!(hapServer instanceof EventEmitter) || typeof emit !== "function") {
    return;
  }
  const original = emit as Emit;
  const observed: Emit = function (this: unknown, event, ...values) {
    if (event === "listening") {
      return emitListening(bridge, () => original.call(this, event, ...values));
    }
    if (isAccess(event) && characteristicsAsked.hasSubscribers) {
      return original.call(this, event, ...observedAccess(event, values));
    }
    return original.call(this, event, ...values);
  };
  // Not enumerable, like a method of the class. False if HAP-NodeJS has frozen its server: nothing is told then.
  Reflect.defineProperty(hapServer, "emit", { value: observed, writable: true, configurable: true });
}

function isAccess(event: unknown): event is keyof typeof ACCESS {
  return event === "get-characteristics" || event === "set-characteristics";
}

/** The arguments of an event, with a callback that looks at the answer on its way. */
function observedAccess(event: keyof typeof ACCESS, values: unknown[]): unknown[] {
  const [connection, request, callback, ...rest] = values;
  const { access, list } = ACCESS[event];
  const characteristics = propertyOf(request, list);
  if (
    !(connection instanceof HAPConnection) ||
    !Array.isArray(characteristics) ||
    typeof callback !== "function"
  ) {
    return values;
  }
  const asked = new CharacteristicsRequest(access, characteristics.length);
  characteristicsAsked.publish({ connection, asked } satisfies CharacteristicsAskedMessage);
  const observed = function (this: unknown, ...answer: unknown[]): unknown {
    noteAnswer(connection, asked, propertyOf(answer[1], "characteristics"));
    return Reflect.apply(callback, this, answer);
  };
  return [connection, request, observed, ...rest];
}

function noteAnswer(connection: HAPConnection, asked: CharacteristicsRequest, answers: unknown): void {
  const errors = Array.isArray(answers) ? asked.answered(answers) : [];
  characteristicsAnswered.publish({ connection, asked, errors } satisfies CharacteristicsAnsweredMessage);
}

/**
 * HAP-NodeJS's accessory that owns a server says that it listens while the server says so, and nothing else shows which
 * accessory that is. For the time of this one call, the class of accessories notes who says so.
 */
function emitListening(bridge: TimedBridge, emit: () => boolean): boolean {
  const prototype = propertyOf(propertyOf(bridge.hap, "Accessory"), "prototype");
  if (!(prototype instanceof EventEmitter)) {
    return emit();
  }
  const before = Object.getOwnPropertyDescriptor(prototype, "emit");
  const original = Reflect.get(prototype, "emit") as Emit;
  const noting: Emit = function (this: unknown, ...values) {
    if (propertyOf(this, "_server") === bridge.hapServer) {
      nameBridge(bridge.server, namesFrom(bridge.name, this));
    }
    return original.apply(this, values);
  };
  Reflect.defineProperty(prototype, "emit", { value: noting, writable: true, configurable: true });
  try {
    return emit();
  } finally {
    // A listener may have replaced the method in the meantime: its replacement stays.
    if (Reflect.get(prototype, "emit") !== noting) {
      // Nothing to undo.
    } else if (before === undefined) {
      Reflect.deleteProperty(prototype, "emit");
    } else {
      Reflect.defineProperty(prototype, "emit", before);
    }
  }
}

/** @param owner - The accessory that is published: of a bridge, the one that has the others. */
function namesFrom(name: string, owner: unknown): BridgeNames {
  return {
    name,
    find({ aid, iid }) {
      try {
        const accessory = call(owner, "getAccessoryByAID", aid);
        const characteristic = call(accessory, "getCharacteristicByIID", iid);
        return { accessory: nameOf(accessory), characteristic: nameOf(characteristic) };
      } catch {
        return {};
      }
    },
    isAdmin(username) {
      try {
        return call(propertyOf(owner, "_accessoryInfo"), "hasAdminPermissions", username) === true;
      } catch {
        return undefined;
      }
    },
  };
}

function nameOf(thing: unknown): string | undefined {
  const name = propertyOf(thing, "displayName");
  return typeof name === "string" ? name : undefined;
}

function call(target: unknown, method: string, argument: number | string): unknown {
  const found = propertyOf(target, method);
  return typeof found === "function" ? Reflect.apply(found, target, [argument]) : undefined;
}

/** Undefined if there is no such property, or if it can't be read. */
function propertyOf(target: unknown, name: string): unknown {
  try {
    return (target as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
