/** Counts the error statuses in the answers of one server, by accessory. */

import type { Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import {
  characteristicsAnswered,
  type CharacteristicAnswer,
  type CharacteristicsAnsweredMessage,
} from "./characteristics";
import { Counts, type Counted } from "./counts";
import { listen } from "./listen";

export class AnswerLog {
  /** Ends the log. */
  readonly release: () => void;
  readonly #errors: Counts<CharacteristicAnswer>;

  constructor(server: HAPConnection["server"], clock: Clock) {
    this.#errors = new Counts(clock);
    this.release = listen<[CharacteristicsAnsweredMessage]>(server, [
      characteristicsAnswered,
      ({ errors }) => {
        for (const error of errors) {
          this.#errors.add(`${String(error.aid)} ${String(error.status)}`, error);
        }
      },
    ]);
  }

  /** One entry for each accessory and status, with the last characteristic. The most frequent first. */
  list(): Counted<CharacteristicAnswer>[] {
    return this.#errors.list();
  }
}
