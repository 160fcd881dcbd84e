/**
 * The thread of a pair-setup: SRP by `fast-srp-hap`, whose powers are computed by OpenSSL. This thread has modules of its
 * own, so that nobody else's `fast-srp-hap` is changed.
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { parentPort } from "node:worker_threads";

import { SRP, SrpServer } from "fast-srp-hap";

import { SRP_USERNAME } from "./protocol";
import type { SrpClaim, SrpOffer, SrpResult, SrpStart } from "./srp-messages";
import { srpPowerOnOpenSsl, type BigInteger } from "./srp-power";

const SALT_LENGTH = 16;
const SECRET_LENGTH = 32;

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const { N: prime } = SRP.params.hap as unknown as { readonly N: BigInteger };
  Object.assign(Object.getPrototypeOf(prime) as object, { modPow: srpPowerOnOpenSsl(prime) });

  const [{ setupCode }] = (await once(port, "message")) as [SrpStart];
  const salt = randomBytes(SALT_LENGTH);
  const secret = randomBytes(SECRET_LENGTH);
  const server = new SrpServer(SRP.params.hap, { username: SRP_USERNAME, salt, password: setupCode }, secret);
  secret.fill(0);
  port.postMessage({ salt, publicKey: server.computeB() } satisfies SrpOffer);

  const [claim] = (await once(port, "message")) as [SrpClaim];
  const result = resultOf(server, claim);
  port.postMessage(result);
  result?.key.fill(0);
}

function resultOf(server: SrpServer, { publicKey, proof }: SrpClaim): SrpResult {
  try {
    server.setA(Buffer.from(publicKey));
  } catch {
    // Zero, or no number of the group: it would give the key away.
    return undefined;
  }
  const { _M1: expected } = server;
  const isProven =
    expected?.length === proof.length && timingSafeEqual(expected, proof) && server._K !== undefined;
  return isProven ? { proof: server.computeM2(), key: server.computeK() } : undefined;
}

if (parentPort !== null) {
  void serve(parentPort);
}
