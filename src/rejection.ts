/** Reports the rejection of an async listener. */

import type { EventEmitter } from "node:events";

/** Emits `error`. Without a listener, as after `destroy()`, it becomes a process warning: it must not end the process. */
export function reportRejection(emitter: Pick<EventEmitter, "listenerCount" | "emit">, error: Error): void {
  if (emitter.listenerCount("error") > 0) {
    emitter.emit("error", error);
  } else {
    process.emitWarning(error);
  }
}
