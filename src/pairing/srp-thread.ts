/**
 * The event loop's side of SRP. Its powers take milliseconds on OpenSSL and a tenth of a second in JavaScript, each of them in
 * one piece, and many times as long on a small board. So a thread computes them, which lives as long as the pair-setup.
 */

import path from "node:path";
import { Worker } from "node:worker_threads";

import { HapwireError } from "../errors";
import type { SrpClaim, SrpOffer, SrpResult, SrpStart } from "./srp-messages";

interface Question {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SrpThread {
  readonly #worker: Worker;
  #question: Question | undefined;
  #failure: Error | undefined;
  #hasEnded = false;

  /** @throws {@link HapwireError} `ERR_HAPWIRE_PAIR_SETUP` if the process may start no thread. */
  constructor() {
    this.#worker = startWorker();
    this.#worker.unref();
    this.#worker.on("message", (answer: unknown) => {
      this.#question?.resolve(answer);
      this.#question = undefined;
    });
    this.#worker.on("error", (error) => {
      this.#fail(error);
    });
    this.#worker.on("exit", () => {
      this.#fail();
    });
  }

  /** @returns Undefined if the thread was ended meanwhile. */
  async start(setupCode: string): Promise<SrpOffer | undefined> {
    return (await this.#ask({ setupCode } satisfies SrpStart)) as SrpOffer | undefined;
  }

  /** @returns Undefined if the controller does not know the setup code, or if the thread was ended meanwhile. */
  async prove(publicKey: Buffer, proof: Buffer): Promise<SrpResult> {
    return (await this.#ask({ publicKey, proof } satisfies SrpClaim)) as SrpResult;
  }

  /** Ends the thread, whatever it does. Its memory goes back to the system. */
  end(): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#question?.resolve(undefined);
      this.#question = undefined;
      void this.#worker.terminate();
    }
  }

  async #ask(message: unknown): Promise<unknown> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    if (this.#hasEnded) {
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#question = { resolve, reject };
      this.#worker.postMessage(message);
    });
  }

  #fail(cause?: unknown): void {
    this.#failure ??= failureOf(cause);
    this.#question?.reject(this.#failure);
    this.#question = undefined;
  }
}

function startWorker(): Worker {
  try {
    // The options and variables of this process are not for the thread: they may preload modules.
    return new Worker(path.join(__dirname, "srp-worker.js"), {
      name: "hapwire pair-setup",
      execArgv: [],
      env: {},
    });
  } catch (error) {
    throw failureOf(error);
  }
}

function failureOf(cause: unknown): HapwireError {
  const message = "the thread of a pair-setup has ended; check that the process may start worker threads";
  return new HapwireError("ERR_HAPWIRE_PAIR_SETUP", message, { cause });
}
