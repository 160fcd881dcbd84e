/** Replaces properties of other packages, and puts them back. */

export class Patches {
  readonly #undo: (() => void)[] = [];

  /**
   * Replaces a property and keeps its attributes.
   *
   * @throws TypeError if the object does not allow the change, as the namespace of an ES module.
   */
  replace(object: object, name: PropertyKey, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(object, name);
    const attributes = before ?? { configurable: true, enumerable: false, writable: true };
    Object.defineProperty(object, name, { ...attributes, value });
    this.#undo.push(() => {
      // Another library has replaced the value and may still call it. Keep its replacement.
      if (Object.getOwnPropertyDescriptor(object, name)?.value !== value) return;
      if (before === undefined) {
        Reflect.deleteProperty(object, name);
      } else {
        Object.defineProperty(object, name, before);
      }
    });
  }

  /** Puts all properties back, the latest first. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) {
      undo();
    }
  }
}
