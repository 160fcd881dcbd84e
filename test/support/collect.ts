/** Garbage collection on demand if node runs with `--expose-gc`; otherwise does nothing. */

/** Collects what nothing points at any more. Finalizers run between the turns of the event loop. */
export async function collect(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}
