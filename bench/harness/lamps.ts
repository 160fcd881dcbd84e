/** The lamps of the real bridge: their characteristics, and the values of these. */

/** The id of a characteristic. */
export interface Id {
  readonly aid: number;
  readonly iid: number;
}

/** The characteristics of a lamp that change. */
export const LAMP_CHARACTERISTICS = ["On", "Brightness", "Hue", "Saturation"] as const;

/** The characteristic of this number: the first one of each lamp, then the next one of each. */
export function lampCharacteristic(
  index: number,
  lamps: number,
): { lamp: number; name: (typeof LAMP_CHARACTERISTICS)[number] } {
  const kind = Math.floor(index / lamps) % LAMP_CHARACTERISTICS.length;
  return { lamp: index % lamps, name: LAMP_CHARACTERISTICS[kind] ?? "On" };
}

/** The value of a characteristic in a revision. Consecutive revisions differ in every value. */
export function lampValue(index: number, lamps: number, revision: number): boolean | number {
  return lampCharacteristic(index, lamps).name === "On" ? revision % 2 === 1 : (index + revision) % 101;
}
