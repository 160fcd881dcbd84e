/** Checks of arguments. Each throws an {@link ArgumentError} that names the argument. */

import { types } from "node:util";

import type { Clock } from "./clock";
import type { EngineName } from "./engine/contract";
import { ArgumentError } from "./errors";
import { KEY_LENGTH } from "./frame";

/** An aid or iid that can be subscribed to. [PROTOCOL: events] */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** @see isId */
export function checkId(value: unknown, argument: string): asserts value is number {
  if (!isId(value)) {
    throw new ArgumentError(argument, "a safe integer from 1 up", value);
  }
}

/** An integer between two bounds, both included. */
export function checkInteger(
  value: unknown,
  argument: string,
  min: number,
  max: number,
): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw new ArgumentError(argument, `an integer from ${String(min)} to ${String(max)}`, value);
  }
}

/** @param length - The number of bytes. Default: any. */
export function checkBytes(value: unknown, argument: string, length?: number): asserts value is Uint8Array {
  // Not by class: tests and sandboxes have a Uint8Array of another realm.
  if (!types.isUint8Array(value) || value.length !== (length ?? value.length)) {
    const expected = `a Buffer or Uint8Array${length === undefined ? "" : ` of ${String(length)} bytes`}`;
    throw new ArgumentError(argument, expected, value, true);
  }
}

export function checkKey(value: unknown, argument: string): asserts value is Uint8Array {
  checkBytes(value, argument, KEY_LENGTH);
}

export function checkEngineName(value: unknown, argument: string): asserts value is EngineName | undefined {
  if (value !== undefined && value !== "native" && value !== "portable") {
    throw new ArgumentError(argument, '"native" or "portable"', value);
  }
}

export function checkIpVersion(value: unknown, argument: string): asserts value is "ipv4" | "ipv6" {
  if (value !== "ipv4" && value !== "ipv6") {
    throw new ArgumentError(argument, '"ipv4" or "ipv6"', value);
  }
}

export function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== "string") {
    throw new ArgumentError(argument, "a string", value);
  }
}

export function checkNonEmptyString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== "string" || value.length === 0) {
    throw new ArgumentError(argument, "a string that is not empty", value);
  }
}

export function checkObject(value: unknown, argument: string): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    // In place of the object, a caller may pass the key or the setup code that belongs into it.
    throw new ArgumentError(argument, "an object", value, true);
  }
}

/** @param names - The functions that the object must have. */
export function checkHasFunctions<Name extends string>(
  value: unknown,
  argument: string,
  ...names: readonly Name[]
): asserts value is Readonly<Record<Name, () => unknown>> {
  const object = Object(value) as Partial<Record<Name, unknown>>;
  if (names.some((name) => typeof object[name] !== "function")) {
    throw new ArgumentError(argument, `an object with the functions ${names.join(", ")}`, value);
  }
}

export function checkFunction(value: unknown, argument: string): asserts value is () => unknown {
  if (typeof value !== "function") {
    throw new ArgumentError(argument, "a function", value);
  }
}

export function checkClock(value: unknown, argument: string): asserts value is Clock {
  checkHasFunctions(value, argument, "now", "setTimeout", "clearTimeout");
}
