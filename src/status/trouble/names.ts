/** Names of bridges, accessories and characteristics for the reports. They are other people's text, and made safe to print. */

import type { HAPConnection } from "../../connection";
import type { NamedCharacteristic } from "../report";
import { namesOf, type CharacteristicId } from "./characteristics";

/** Characters of a name that are kept. HomeKit's own limit is 64 bytes. */
const MAX_NAME = 64;

/** The name of the bridge. Null if unknown. */
export function bridgeNameOf(server: HAPConnection["server"]): string | null {
  return printable(namesOf(server)?.name);
}

export function named(server: HAPConnection["server"], { aid, iid }: CharacteristicId): NamedCharacteristic {
  const { accessory, characteristic } = namesOf(server)?.find({ aid, iid }) ?? {};
  return { aid, iid, accessory: printable(accessory), characteristic: printable(characteristic) };
}

/**
 * Makes a name safe to print. Removes control characters, which would reach a terminal, and characters that change the
 * direction of the text around them. Keeps the joiner U+200D, because emoji need it.
 *
 * @returns Null if nothing is left.
 */
export function printable(name: unknown): string | null {
  if (typeof name !== "string") {
    return null;
  }
  const text = name.replace(/(?:(?!\u200d)[\p{C}\p{Zl}\p{Zp}])+/gu, " ").trim();
  // Not half of a character that has two code units.
  const short = text.slice(0, MAX_NAME).replace(/[\ud800-\udbff]$/, "");
  return text === "" ? null : text.length <= MAX_NAME ? text : `${short}…`;
}
