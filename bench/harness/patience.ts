/** How long to wait before giving up. A slow machine, such as an emulated one, multiplies it here and nowhere else. */

/** How many times longer than on an ordinary machine. */
const FACTOR = Number(process.env["HAPWIRE_TEST_PATIENCE"] ?? 1);
if (!(FACTOR >= 1)) {
  throw new Error(
    `HAPWIRE_TEST_PATIENCE must be a number from 1 up, not "${process.env["HAPWIRE_TEST_PATIENCE"] ?? ""}"`,
  );
}

/** @param milliseconds - More than an ordinary machine ever needs. */
export function patient(milliseconds: number): number {
  return milliseconds * FACTOR;
}
