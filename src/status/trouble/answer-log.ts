/** The error statuses inside the answers of one server, by accessory. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import type { Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import {
  characteristicsAnswered,
  type CharacteristicAnswer,
  type CharacteristicsAnsweredMessage,
} from "./characteristics";
import { Counts, type Counted } from "./counts";

export class AnswerLog {
  readonly #server: HAPConnection["server"];
  readonly #errors: Counts<CharacteristicAnswer>;

  constructor(server: HAPConnection["server"], clock: Clock) {
    this.#server = server;
    this.#errors = new Counts(clock);
    subscribe(characteristicsAnswered.name, this.#onAnswered);
  }

  /** One entry for each accessory and status, with the last characteristic. The most frequent first. */
  list(): Counted<CharacteristicAnswer>[] {
    return this.#errors.list();
  }

  /** Ends the log. */
  release(): void {
    unsubscribe(characteristicsAnswered.name, this.#onAnswered);
  }

  readonly #onAnswered = (message: unknown): void => {
    const { connection, errors } = message as CharacteristicsAnsweredMessage;
    if (connection.server === this.#server) {
      for (const error of errors) {
        this.#errors.add(`${String(error.aid)} ${String(error.status)}`, error);
      }
    }
  };
}
