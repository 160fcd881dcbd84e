/**
 * What `DEBUG=hapwire:*` shows, by the package `debug`. That is loaded where there is something to show: it takes as long
 * as a tenth of the transport, and most processes never show anything.
 */

import type createDebug from "debug";

export class DebugOutput {
  readonly #namespace: string;
  #debugger: createDebug.Debugger | undefined;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Whether it is shown. The package's `enable` sets the variable too. */
  get enabled(): boolean {
    return process.env["DEBUG"] !== undefined && this.#load().enabled;
  }

  /** As `util.format`. */
  write(format: string, ...values: readonly unknown[]): void {
    if (this.enabled) {
      this.#load()(format, ...values);
    }
  }

  #load(): createDebug.Debugger {
    this.#debugger ??= (require("debug") as typeof createDebug)(this.#namespace);
    return this.#debugger;
  }
}
