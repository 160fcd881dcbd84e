/** A controller's side of HAP's pairing: pair-setup with the setup code, and pair-verify. */

import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
} from "node:crypto";

import { SRP, SrpClient } from "fast-srp-hap";

import { deriveSessionKeys, type SessionKeys } from "#src/encryption";
import { deriveKey, isSignedBy, openMessage, sealMessage, SigningKey } from "#src/pairing/pairing-crypto";
import { SRP_USERNAME, Type } from "#src/pairing/protocol";
import { decodeTlv, encodeTlv, type TlvItems } from "#src/pairing/tlv";

/** Posts a message of pairing. Resolves with the body of the response. */
export type Post = (path: "/pair-setup" | "/pair-verify", message: Buffer) => Promise<Buffer>;

/** The identity of an accessory that a user is paired with. */
export interface Accessory {
  readonly username: string;
  /** The long-term public key. */
  readonly publicKey: Buffer;
}

/** A user with a pairing identifier and a long-term key. */
export class User {
  /** The pairing identifier. */
  readonly id = randomUUID().toUpperCase();
  readonly #key = new SigningKey(randomBytes(32));

  get publicKey(): Buffer {
    return this.#key.publicKey;
  }

  /**
   * Does pair-verify: M1 to M4.
   *
   * @returns The keys of the session.
   * @throws Error if the accessory refuses, or does not prove its identity.
   */
  async verify(post: Post, accessory: Accessory): Promise<SessionKeys> {
    const { publicKey, privateKey } = generateKeyPairSync("x25519", {
      publicKeyEncoding: { format: "der", type: "spki" },
      privateKeyEncoding: { format: "der", type: "pkcs8" },
    });
    const ours = publicKey.subarray(-32);
    const m2 = itemsOf(await post("/pair-verify", messageOf(1, [Type.PublicKey, ours])), "M2 of pair-verify");
    const theirs = itemOf(m2, Type.PublicKey);
    const sharedSecret = diffieHellman({
      privateKey: createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" }),
      publicKey: createPublicKey({
        key: { kty: "OKP", crv: "X25519", x: theirs.toString("base64url") },
        format: "jwk",
      }),
    });
    const key = deriveKey(sharedSecret, "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
    const proof = openItems(key, "PV-Msg02", m2);
    const signed = Buffer.concat([theirs, Buffer.from(accessory.username), ours]);
    if (!isSignedBy(accessory.publicKey, signed, itemOf(proof, Type.Signature))) {
      throw new Error("M2 of pair-verify is not signed by the accessory");
    }
    const signature = this.#key.sign(Buffer.concat([ours, Buffer.from(this.id), theirs]));
    const m3 = sealMessage(
      key,
      "PV-Msg03",
      encodeTlv([
        [Type.Identifier, Buffer.from(this.id)],
        [Type.Signature, signature],
      ]),
    );
    itemsOf(await post("/pair-verify", messageOf(3, [Type.EncryptedData, m3])), "M4 of pair-verify");
    return deriveSessionKeys(sharedSecret);
  }

  /**
   * Does pair-setup: M1 to M6.
   *
   * @returns The accessory that this user is paired with now.
   * @throws Error if the accessory refuses, or does not prove its identity.
   */
  async setUp(post: Post, setupCode: string): Promise<Accessory> {
    const m2 = itemsOf(await post("/pair-setup", messageOf(1, [Type.Method, 0])), "M2 of pair-setup");
    const srp = new SrpClient(
      SRP.params.hap,
      itemOf(m2, Type.Salt),
      Buffer.from(SRP_USERNAME),
      Buffer.from(setupCode),
      srpSecret(),
    );
    srp.setB(itemOf(m2, Type.PublicKey));
    const m3 = messageOf(3, [Type.PublicKey, srp.computeA()], [Type.Proof, srp.computeM1()]);
    const m4 = itemsOf(await post("/pair-setup", m3), "M4 of pair-setup");
    srp.checkM2(itemOf(m4, Type.Proof));
    const secret = srp.computeK();
    const key = deriveKey(secret, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
    const m5 = sealMessage(
      key,
      "PS-Msg05",
      encodeTlv([
        [Type.Identifier, Buffer.from(this.id)],
        [Type.PublicKey, this.publicKey],
        [Type.Signature, this.#key.sign(signedBytes(secret, "Controller", this.id, this.publicKey))],
      ]),
    );
    const m6 = itemsOf(await post("/pair-setup", messageOf(5, [Type.EncryptedData, m5])), "M6 of pair-setup");
    const introduction = openItems(key, "PS-Msg06", m6);
    const publicKey = itemOf(introduction, Type.PublicKey);
    const username = itemOf(introduction, Type.Identifier).toString();
    const signed = signedBytes(secret, "Accessory", username, publicKey);
    if (!isSignedBy(publicKey, signed, itemOf(introduction, Type.Signature))) {
      throw new Error("M6 of pair-setup is not signed by the accessory");
    }
    return { username, publicKey };
  }
}

/** A secret of 256 bits in full: fast-srp-hap warns of one that begins with a zero byte. */
function srpSecret(): Buffer {
  const secret = randomBytes(32);
  secret.writeUInt8(secret.readUInt8(0) | 0x80, 0);
  return secret;
}

function messageOf(state: number, ...items: (readonly [number, Uint8Array | number])[]): Buffer {
  return encodeTlv([[Type.State, state], ...items]);
}

/** @throws Error if the accessory has refused. */
function itemsOf(message: Buffer, name: string): TlvItems {
  const items = decodeTlv(message);
  const error = items?.get(Type.Error);
  if (items === undefined || error !== undefined) {
    throw new Error(`${name} is ${error === undefined ? "not TLV" : `error ${String(error[0])}`}`);
  }
  return items;
}

function itemOf(items: TlvItems, type: number): Buffer {
  const value = items.get(type);
  if (value === undefined) {
    throw new Error(`a message of pairing has no item of type ${String(type)}`);
  }
  return value;
}

function openItems(key: Buffer, nonce: string, message: TlvItems): TlvItems {
  const opened = openMessage(key, nonce, itemOf(message, Type.EncryptedData));
  if (opened === undefined) {
    throw new Error(`the sealed part of a message of pairing (${nonce}) is not authentic`);
  }
  return itemsOf(opened, nonce);
}

function signedBytes(
  secret: Buffer,
  side: "Controller" | "Accessory",
  id: string,
  publicKey: Buffer,
): Buffer {
  const proof = deriveKey(secret, `Pair-Setup-${side}-Sign-Salt`, `Pair-Setup-${side}-Sign-Info`);
  return Buffer.concat([proof, Buffer.from(id), publicKey]);
}
