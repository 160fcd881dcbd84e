/** Checks of arguments. Each throws an {@link ArgumentError} that names the argument. */

import { types } from "node:util";

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

export function checkKey(value: unknown, argument: string): asserts value is Uint8Array {
  if (!types.isUint8Array(value) || value.length !== KEY_LENGTH) {
    throw new ArgumentError(argument, `a Buffer or Uint8Array of ${String(KEY_LENGTH)} bytes`, value);
  }
}

export function checkEngineName(value: unknown, argument: string): asserts value is EngineName | undefined {
  if (value !== undefined && value !== "native" && value !== "portable") {
    throw new ArgumentError(argument, '"native" or "portable"', value);
  }
}

export function checkBytes(value: unknown, argument: string): asserts value is Uint8Array {
  // Not by class: tests and sandboxes have a Uint8Array of another realm.
  if (!types.isUint8Array(value)) {
    throw new ArgumentError(argument, "a Buffer or Uint8Array", value);
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
