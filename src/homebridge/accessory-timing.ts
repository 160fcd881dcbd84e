/**
 * Tells the status report the name of the accessory that kept a request waiting. Observes the events of one `HAPServer` of
 * HAP-NodeJS and changes no result. If HAP-NodeJS has another shape, nothing is reported and the bridge works as before.
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

/** The events of `HAPServer` that read or write characteristics, and the field of the request that lists them. */
const ACCESS = {
  "get-characteristics": { access: "read", list: "ids" },
  "set-characteristics": { access: "write", list: "characteristics" },
} as const;

/** Observes the characteristics of a bridge. Call it before the bridge listens: HAP-NodeJS then shows the accessory. */
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
  // Not enumerable, like a method of the class. If the server is frozen, this returns false and nothing is reported.
  Reflect.defineProperty(hapServer, "emit", { value: observed, writable: true, configurable: true });
}

function isAccess(event: unknown): event is keyof typeof ACCESS {
  return event === "get-characteristics" || event === "set-characteristics";
}

/** @returns The arguments of an event, with a callback that notes the answer and hands it on. */
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
 * Finds the accessory that owns the server. It emits `listening` while its server emits `listening`, and nothing else shows
 * it. During this call, the class of accessories notes the one that emits.
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
    // A listener may have replaced the method during the call. Keep its replacement.
    if (Reflect.get(prototype, "emit") !== noting) {
      // Nothing to undo.
    } else if (before === undefined) {
      Reflect.deleteProperty(prototype, "emit");
    } else {
      Reflect.defineProperty(prototype, "emit", before);
    }
  }
}

/** @param owner - The accessory that is published. For a bridge, the accessory that holds the others. */
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

/** @returns Undefined if the property does not exist or throws. */
function propertyOf(target: unknown, name: string): unknown {
  try {
    return (target as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
