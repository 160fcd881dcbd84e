/**
 * What the cryptography of a pair-verify costs, without server and connection: the calls of HAP-NodeJS's handlers for M1 and
 * M3, to its own functions and to those that the preload puts in their place.
 */

import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";

import { loadEngine } from "#src/engine/load";
import {
  hapCryptoOnNode,
  tweetnaclOnNode,
  type HapCrypto,
  type Tweetnacl,
} from "#src/homebridge/pairing-crypto";

import { median, ratioOfRounds, type Summary } from "#bench/statistics";

/** One more comes first and does not count: the functions are compiled in it. */
const ROUNDS = 15;
/** Each verifies once in a turn. */
const CONTROLLERS = 20;
/** Turns of a round: so many more under the preload that both take about as long. */
const TURNS = { before: 1, after: 25 };

const KEY_LENGTH = 32;
/** Of the identifiers, a MAC address and a UUID. */
const [ACCESSORY_LENGTH, CONTROLLER_LENGTH] = [17, 36];
/** What is sealed beside an identifier: a signature, and the TLV's headers of both. */
const PROOF_LENGTH = 64 + 2 * 2;
const NONCES = { m2: Buffer.from("PV-Msg02"), m3: Buffer.from("PV-Msg03") };

/** What HAP-NodeJS pairs with. */
interface PairingCrypto {
  readonly hapCrypto: HapCrypto;
  readonly tweetnacl: Tweetnacl;
}

/** HAP-NodeJS's own functions, and those that it has under the preload. */
export interface BothCryptos {
  readonly before: PairingCrypto;
  readonly after: PairingCrypto;
}

export interface CryptographyCost {
  /** Microseconds of CPU for one pair-verify by HAP-NodeJS's own functions: the median of the rounds. */
  readonly before: number;
  /** The same under the preload. */
  readonly after: number;
  /** How many times less that is, round by round. */
  readonly ratio: Summary | undefined;
}

export function loadPairingCrypto(): BothCryptos {
  const load = createRequire(require.resolve("@homebridge/hap-nodejs"));
  const hapCrypto = load("./lib/util/hapCrypto") as HapCrypto;
  const tweetnacl = load("tweetnacl") as Tweetnacl;
  return {
    before: { hapCrypto, tweetnacl },
    after: {
      hapCrypto: { ...hapCrypto, ...hapCryptoOnNode(hapCrypto, loadEngine().messages) },
      tweetnacl: { ...tweetnacl, ...tweetnaclOnNode(tweetnacl) },
    },
  };
}

/** Measures both in turn, so that what else the machine does slows both. */
export function costOfCryptography(crypto: BothCryptos): CryptographyCost {
  const turnBefore = turnWith(crypto.before);
  const turnAfter = turnWith(crypto.after);
  const round = (): readonly [number, number] => [
    cpuOf(TURNS.before, turnBefore),
    cpuOf(TURNS.after, turnAfter),
  ];
  round();
  const rounds = Array.from({ length: ROUNDS }, round);
  const before = rounds.map(([cost]) => cost);
  const after = rounds.map(([, cost]) => cost);
  return { before: median(before), after: median(after), ratio: ratioOfRounds(before, after) };
}

/** @returns microseconds of CPU for one pair-verify. */
function cpuOf(turns: number, turn: () => void): number {
  const start = process.cpuUsage();
  for (let i = 0; i < turns; i += 1) {
    turn();
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / (turns * CONTROLLERS);
}

/** @returns a turn: the accessory's side of a pair-verify with each controller. */
function turnWith(crypto: PairingCrypto): () => void {
  const signingKey = Buffer.from(crypto.tweetnacl.sign.keyPair().secretKey);
  const controllers = Array.from({ length: CONTROLLERS }, () => new PairedController(crypto));
  return () => {
    for (const controller of controllers) {
      const sharedSecret = answerM1(crypto, signingKey, controller);
      answerM3(crypto, sharedSecret, controller);
    }
  };
}

/** What a controller sends. Its M3 is the same each time, sealed with a key that does not come from the shared secret. */
class PairedController {
  readonly sessionKey: Buffer;
  readonly publicKey: Buffer;
  readonly material = randomBytes(KEY_LENGTH + CONTROLLER_LENGTH + KEY_LENGTH);
  readonly proof: Buffer;
  readonly sealingKey = randomBytes(KEY_LENGTH);
  readonly m3: ReturnType<HapCrypto["chacha20_poly1305_encryptAndSeal"]>;

  constructor({ hapCrypto, tweetnacl }: PairingCrypto) {
    const { publicKey, secretKey } = tweetnacl.sign.keyPair();
    this.publicKey = Buffer.from(publicKey);
    this.proof = Buffer.from(tweetnacl.sign.detached(this.material, secretKey));
    this.sessionKey = Buffer.from(tweetnacl.box.keyPair().publicKey);
    const message = randomBytes(CONTROLLER_LENGTH + PROOF_LENGTH);
    this.m3 = hapCrypto.chacha20_poly1305_encryptAndSeal(this.sealingKey, NONCES.m3, null, message);
  }
}

/** @returns the shared secret. */
function answerM1(crypto: PairingCrypto, signingKey: Buffer, { sessionKey }: PairedController): Buffer {
  const { hapCrypto, tweetnacl } = crypto;
  const keyPair = tweetnacl.box.keyPair();
  const [publicKey, secretKey] = [Buffer.from(keyPair.publicKey), Buffer.from(keyPair.secretKey)];
  const sharedSecret = Buffer.from(tweetnacl.scalarMult(secretKey, sessionKey));
  const material = Buffer.concat([publicKey, Buffer.alloc(ACCESSORY_LENGTH), sessionKey]);
  tweetnacl.sign.detached(material, signingKey);
  const key = derive(hapCrypto, sharedSecret, "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
  const message = Buffer.alloc(ACCESSORY_LENGTH + PROOF_LENGTH);
  hapCrypto.chacha20_poly1305_encryptAndSeal(key, NONCES.m2, null, message);
  return sharedSecret;
}

/** @throws Error where the controller is refused. */
function answerM3(crypto: PairingCrypto, sharedSecret: Buffer, controller: PairedController): void {
  const { hapCrypto, tweetnacl } = crypto;
  const { sealingKey, m3, material, proof, publicKey } = controller;
  hapCrypto.chacha20_poly1305_decryptAndVerify(sealingKey, NONCES.m3, null, m3.ciphertext, m3.authTag);
  if (!tweetnacl.sign.detached.verify(material, proof, publicKey)) {
    throw new Error("the signature of a controller was refused");
  }
  derive(hapCrypto, sharedSecret, "Control-Salt", "Control-Read-Encryption-Key");
  derive(hapCrypto, sharedSecret, "Control-Salt", "Control-Write-Encryption-Key");
}

function derive(hapCrypto: HapCrypto, sharedSecret: Buffer, salt: string, info: string): Buffer {
  return hapCrypto.HKDF("sha512", Buffer.from(salt), sharedSecret, Buffer.from(info), KEY_LENGTH);
}
