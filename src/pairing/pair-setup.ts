/** Pair-setup: a controller that knows the setup code becomes the first admin. M1 to M6, one controller at a time. */

import type { Clock, Timer } from "../clock";
import type { HAPConnection } from "../connection";
import { failure, success, type Answer } from "./answer";
import { identifierOf } from "./identifier";
import { deriveKey, isSignedBy, openMessage, sealMessage } from "./pairing-crypto";
import type { PairingRecord } from "./pairing-record";
import { Method, PairingError, Status, Type, UNOFFERED_FLAGS, type PairingErrorCode } from "./protocol";
import { SrpThread } from "./srp-thread";
import type { PairedController } from "./state";
import { byteOf, decodeTlv, encodeTlv, type TlvItems } from "./tlv";

/** Wrong setup codes after which pair-setup is locked. */
export const MAX_FAILED_ATTEMPTS = 100;

/** Milliseconds that one controller may take. Its user may have to look for the setup code meanwhile. */
export const MAX_DURATION = 180_000;

/** Bytes of SRP's public key at most, and of its proof. */
const MAX_PUBLIC_KEY_LENGTH = 384;
const PROOF_LENGTH = 64;

/** A pair-setup under way. */
interface Attempt {
  readonly connection: HAPConnection;
  readonly thread: SrpThread;
  readonly timer: Timer;
  readonly end: () => void;
  /** The state that the next request must have. */
  next: 3 | 5;
  /** True while a request is being answered. */
  isWorking: boolean;
  /** The key of SRP, once the controller has proven that it knows the code. */
  key: Uint8Array | undefined;
}

export class PairSetup {
  readonly #record: PairingRecord;
  readonly #setupCode: string;
  readonly #clock: Clock;
  #attempt: Attempt | undefined;

  constructor(record: PairingRecord, setupCode: string, clock: Clock) {
    this.#record = record;
    this.#setupCode = setupCode;
    this.#clock = clock;
  }

  /** @throws Error if the thread of SRP or the storage fails. The pair-setup is over then. */
  async answer(connection: HAPConnection, items: TlvItems): Promise<Answer> {
    const state = byteOf(items, Type.State);
    if (state === 1) {
      return this.#refuse(connection, items) ?? this.#work(this.#begin(connection), this.#start.bind(this));
    }
    const attempt = this.#attempt;
    const isExpected = attempt?.connection === connection && attempt.next === state && !attempt.isWorking;
    if (attempt === undefined || !isExpected) {
      return failure(state === 3 || state === 5 ? state + 1 : 2, PairingError.Unknown, Status.BadRequest);
    }
    return this.#work(attempt, async () =>
      state === 3 ? this.#prove(attempt, items) : this.#exchange(attempt, items),
    );
  }

  /** The answer to M1, if no pair-setup may begin. */
  #refuse(connection: HAPConnection, items: TlvItems): Answer | undefined {
    if (this.#record.isPaired) {
      return failure(2, PairingError.Unavailable);
    }
    if (this.#record.state.failedAttempts >= MAX_FAILED_ATTEMPTS) {
      return failure(2, PairingError.MaxTries);
    }
    const attempt = this.#attempt;
    // A controller may begin again, but not while its last request is being answered.
    if (attempt !== undefined && (attempt.connection !== connection || attempt.isWorking)) {
      return failure(2, PairingError.Busy);
    }
    const method = items.get(Type.Method)?.[0] ?? Method.PairSetup;
    if (method !== Method.PairSetup && method !== Method.PairSetupWithAuth) {
      return failure(2, PairingError.Unknown, Status.BadRequest);
    }
    return (flagsOf(items) & UNOFFERED_FLAGS) === 0 ? undefined : failure(2, PairingError.Unavailable);
  }

  #begin(connection: HAPConnection): Attempt {
    this.#attempt?.end();
    const thread = new SrpThread();
    const end = (): void => {
      thread.end();
      attempt.key?.fill(0);
      this.#clock.clearTimeout(attempt.timer);
      connection.off("closed", end);
      if (this.#attempt === attempt) {
        this.#attempt = undefined;
      }
    };
    const timer = this.#clock.setTimeout(end, MAX_DURATION);
    const attempt: Attempt = { connection, thread, timer, end, next: 3, isWorking: false, key: undefined };
    connection.once("closed", end);
    this.#attempt = attempt;
    return attempt;
  }

  /** Takes one step. An attempt with an error is over. */
  async #work(attempt: Attempt, step: (attempt: Attempt) => Promise<Answer>): Promise<Answer> {
    attempt.isWorking = true;
    let hasFailed = true;
    try {
      const answer = await step(attempt);
      hasFailed = answer.items.some(([type]) => type === Type.Error);
      return answer;
    } finally {
      attempt.isWorking = false;
      if (hasFailed) {
        attempt.end();
      }
    }
  }

  /** M1 to M2. */
  async #start({ thread }: Attempt): Promise<Answer> {
    const offer = await thread.start(this.#setupCode);
    return offer === undefined
      ? failure(2, PairingError.Unknown)
      : success(2, [Type.PublicKey, offer.publicKey], [Type.Salt, offer.salt]);
  }

  /** M3 to M4. */
  async #prove(attempt: Attempt, items: TlvItems): Promise<Answer> {
    const [publicKey, proof] = [items.get(Type.PublicKey), items.get(Type.Proof)];
    const isWhole =
      publicKey !== undefined && publicKey.length > 0 && publicKey.length <= MAX_PUBLIC_KEY_LENGTH;
    if (!isWhole || proof?.length !== PROOF_LENGTH) {
      return failure(4, PairingError.Unknown, Status.BadRequest);
    }
    // Counted before the proof is looked at, so that nobody gets a try for free by ending the process.
    await this.#record.update((state) => ({ ...state, failedAttempts: state.failedAttempts + 1 }));
    const result = await attempt.thread.prove(publicKey, proof);
    if (result === undefined) {
      return failure(4, PairingError.Authentication);
    }
    attempt.key = result.key;
    attempt.next = 5;
    attempt.thread.end();
    await this.#record.update((state) => ({ ...state, failedAttempts: 0 }));
    return success(4, [Type.Proof, result.proof]);
  }

  /** M5 to M6, the last step. */
  async #exchange({ key, end }: Attempt, items: TlvItems): Promise<Answer> {
    const sealed = items.get(Type.EncryptedData);
    if (key === undefined || sealed === undefined) {
      return failure(6, PairingError.Unknown, Status.BadRequest);
    }
    const messageKey = deriveKey(key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
    try {
      const opened = openMessage(messageKey, "PS-Msg05", sealed);
      const admin = opened === undefined ? PairingError.Authentication : readController(key, opened);
      if (typeof admin === "number") {
        return failure(6, admin);
      }
      // First, because the key is wiped if the attempt ends meanwhile.
      const introduction = this.#introduce(key, messageKey);
      const change = await this.#record.update((state) =>
        state.controllers.length > 0 ? undefined : { ...state, controllers: [admin] },
      );
      return change === undefined
        ? failure(6, PairingError.Unavailable)
        : success(6, [Type.EncryptedData, introduction]);
    } finally {
      messageKey.fill(0);
      end();
    }
  }

  /** The accessory's part of M6. */
  #introduce(key: Uint8Array, messageKey: Uint8Array): Buffer {
    const { signingKey, state } = this.#record;
    const signed = signedBytes(key, "Accessory", state.accessoryId, signingKey.publicKey);
    const message = encodeTlv([
      [Type.Identifier, Buffer.from(state.accessoryId)],
      [Type.PublicKey, signingKey.publicKey],
      [Type.Signature, signingKey.sign(signed)],
    ]);
    return sealMessage(messageKey, "PS-Msg06", message);
  }
}

/** Reads the controller's part of M5. */
function readController(key: Uint8Array, message: Buffer): PairedController | PairingErrorCode {
  const items = decodeTlv(message);
  const id = identifierOf(items?.get(Type.Identifier));
  const [publicKey, signature] = [items?.get(Type.PublicKey), items?.get(Type.Signature)];
  if (id === undefined || publicKey === undefined || signature === undefined) {
    return PairingError.Unknown;
  }
  return isSignedBy(publicKey, signedBytes(key, "Controller", id, publicKey), signature)
    ? { id, publicKey: publicKey.toString("hex"), isAdmin: true }
    : PairingError.Authentication;
}

/** The bytes that a side signs to show that it has its secret key, and that it took part in this pair-setup. */
function signedBytes(
  key: Uint8Array,
  side: "Controller" | "Accessory",
  id: string,
  publicKey: Buffer,
): Buffer {
  const proof = deriveKey(key, `Pair-Setup-${side}-Sign-Salt`, `Pair-Setup-${side}-Sign-Info`);
  return Buffer.concat([proof, Buffer.from(id), publicKey]);
}

/** Little-endian, of any length. */
function flagsOf(items: TlvItems): number {
  const flags = items.get(Type.Flags) ?? Buffer.alloc(0);
  return [0, 1, 2, 3].reduce((sum, index) => sum | ((flags[index] ?? 0) << (8 * index)), 0);
}
