/** The setup code that a user types or scans: the allowed codes, and the printed and advertised forms. */

import { createHash, randomInt } from "node:crypto";

import { ArgumentError } from "../errors";

/** The form of a code: `XXX-XX-XXX`. */
const FORM = /^\d{3}-\d{2}-\d{3}$/;

/** Codes that HAP does not allow, beside those of one digit alone: anybody would guess them. */
const TOO_EASY: ReadonlySet<string> = new Set(["123-45-678", "876-54-321"]);

const SETUP_ID_LENGTH = 4;
const SETUP_ID_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** True for a code that HAP allows. */
export function isSetupCode(value: unknown): value is string {
  return typeof value === "string" && FORM.test(value) && !TOO_EASY.has(value) && !isOneDigit(value);
}

/** @throws {@link ArgumentError} that does not show the code. */
export function checkSetupCode(value: unknown, argument: string): asserts value is string {
  if (!isSetupCode(value)) {
    const expected = "a setup code XXX-XX-XXX of digits, and none that is easy to guess, such as 123-45-678";
    throw new ArgumentError(argument, expected, value, true);
  }
}

/** A random code that is allowed. */
export function randomSetupCode(): string {
  for (;;) {
    const digits = String(randomInt(100_000_000)).padStart(8, "0");
    const code = `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`;
    if (isSetupCode(code)) {
      return code;
    }
  }
}

/** True for four characters out of 0 to 9 and A to Z. */
export function isSetupId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9A-Z]{4}$/.test(value);
}

/** A random setup id. */
export function randomSetupId(): string {
  const characters = Array.from(
    { length: SETUP_ID_LENGTH },
    () => SETUP_ID_CHARACTERS[randomInt(SETUP_ID_CHARACTERS.length)],
  );
  return characters.join("");
}

/** The text of the QR code: the code, the category and the setup id. */
export function setupUriOf(setupCode: string, setupId: string, category: number): string {
  const digits = BigInt(setupCode.replaceAll("-", ""));
  // From the lowest bit: the code in 27 bits, 4 flags of which the second says "by IP", the category.
  const payload = digits | (2n << 27n) | (BigInt(category) << 31n);
  return `X-HM://${payload.toString(36).toUpperCase().padStart(9, "0")}${setupId}`;
}

/** The hash in the advertisement, by which a controller that has read the QR code finds the accessory. */
export function setupHashOf(setupId: string, accessoryId: string): string {
  const hash = createHash("sha512")
    .update(setupId + accessoryId)
    .digest();
  return hash.subarray(0, 4).toString("base64");
}

function isOneDigit(code: string): boolean {
  return new Set(code.replaceAll("-", "")).size === 1;
}
