/** The sentences of the findings. No address and no pairing identifier stands in them, so that they fit into a bug report. */

import type { NamedCharacteristic, SlowRequest } from "../report";
import { statusText } from "./hap-status";

/** An accessory's name in quotes, or its id. */
export function accessoryText({ accessory, aid }: NamedCharacteristic): string {
  return accessory === null ? `the accessory with aid ${String(aid)}` : `“${accessory}”`;
}

/** E.g. `(Current Temperature, aid 5, iid 12)`. */
export function idText({ characteristic, aid, iid }: NamedCharacteristic): string {
  const ids = `aid ${String(aid)}, iid ${String(iid)}`;
  return characteristic === null ? `(${ids})` : `(${characteristic}, ${ids})`;
}

/** E.g. `4.2 s`. */
export function durationText(milliseconds: number): string {
  return milliseconds < 1000
    ? `${String(Math.round(milliseconds))} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

export function timesText(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${String(count)} times`;
}

/** E.g. `a read of 87 characteristics`. */
export function requestText({ what, characteristics }: SlowRequest): string {
  if (what !== "read" && what !== "write") {
    return what === "other" ? "a request for another path" : `a request for ${what}`;
  }
  return characteristics === null
    ? `a ${what} of characteristics`
    : `a ${what} of ${String(characteristics)} characteristic${characteristics === 1 ? "" : "s"}`;
}

export function errorText(of: NamedCharacteristic, status: number, count: number): string {
  return sentence(
    `${accessoryText(of)} ${idText(of)} answered ${timesText(count)} with ${statusText(status)}`,
  );
}

export function silentText(of: NamedCharacteristic, count: number): string {
  return sentence(
    `${accessoryText(of)} ${idText(of)} did not answer ${count === 1 ? "a request" : `${String(count)} requests`} in time`,
  );
}

/** @param more - How many other slow requests waited for the same accessory. */
export function slowText(request: SlowRequest, more: number): string {
  const { last, milliseconds } = request;
  const others = more === 0 ? "" : `, and ${String(more)} more`;
  const text = `${requestText(request)} took ${durationText(milliseconds)}${others}`;
  return sentence(last === null ? text : `${text}: ${accessoryText(last)} answered last ${idText(last)}`);
}

export function stalledText(request: SlowRequest): string {
  const { milliseconds } = request;
  return sentence(
    `${requestText(request)} took ${durationText(milliseconds)}, because the bridge's process stood still`,
  );
}

export function comingText(request: SlowRequest): string {
  const took = `${requestText(request)} took ${durationText(request.milliseconds)}`;
  return sentence(`${took}: the controller was slow to send it`);
}

export function goingText(request: SlowRequest): string {
  const took = `${requestText(request)} took ${durationText(request.milliseconds)}`;
  return sentence(`${took}: its answer waited for an earlier one, or for the controller to take it`);
}

export function unansweredText(request: SlowRequest): string {
  const { answer, last, milliseconds, silent } = request;
  const [culprit = last] = silent;
  const what = requestText(request);
  const text =
    answer === "waiting"
      ? `${what} has waited for its answer for ${durationText(milliseconds)}`
      : `${what} got no answer: its connection ended after ${durationText(milliseconds)}`;
  return sentence(
    culprit === null ? text : `${text}; it waited for ${accessoryText(culprit)} ${idText(culprit)}`,
  );
}

export function stallText(milliseconds: number): string {
  return `The bridge's process stood still for ${durationText(milliseconds)}: no accessory could answer.`;
}

export function reconnectText(count: number): string {
  return `A controller connected again ${timesText(count)}.`;
}

export function endedText(reason: string, count: number): string {
  return `${count === 1 ? "A connection" : `${String(count)} connections`} ended: ${reason}.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
