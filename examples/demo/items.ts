/** Items of lists that are known to have them. */

/** @throws RangeError where the list has no such item. */
export function itemAt<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) {
    throw new RangeError(`there is no item ${String(index)} in a list of ${String(items.length)}`);
  }
  return item;
}
