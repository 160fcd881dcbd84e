/**
 * The output of `DEBUG=hapwire:*`, by the package `debug`. The package is loaded with the first output, because loading it
 * takes a tenth as long as loading the transport.
 */

import type createDebug from "debug";

export class DebugOutput {
  readonly #namespace: string;
  #debugger: createDebug.Debugger | undefined;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** True if the output is shown. The package's `enable` sets the variable too. */
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
