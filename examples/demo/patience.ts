/** How long is waited before something is given up: the one place where a slower machine, an emulated one, asks for more. */

/** How many times longer than on an ordinary machine. */
const FACTOR = Number(process.env["HAPWIRE_TEST_PATIENCE"] ?? 1);
if (!(FACTOR >= 1)) {
  throw new Error("HAPWIRE_TEST_PATIENCE must be a number from 1 up: how many times longer is waited");
}

/** @param milliseconds - What an ordinary machine never needs. */
export function patient(milliseconds: number): number {
  return milliseconds * FACTOR;
}
