/** `uninstall()`: puts HAP-NodeJS back as it was. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";

import * as hapNodeJs from "@homebridge/hap-nodejs";

import { EventedHTTPServer, type HAPConnection } from "hapwire";
import { install } from "hapwire/homebridge";

import { Controller } from "../support/controller";
import { patient } from "../support/patience";
import { portOf } from "../support/port";
import { asEmitter, createHap, installIn, publish, type Hap, type HapServer } from "../support/stand-in-hap";

/** Resolves when a server of hapwire has closed. */
async function nextClosed(): Promise<void> {
  return new Promise((resolve) => {
    const onClosed = (): void => {
      unsubscribe("hapwire:server:closed", onClosed);
      resolve();
    };
    subscribe("hapwire:server:closed", onClosed);
  });
}

/** The portable engine seals no messages. */
function hapCryptoChanges({ httpServer }: HapServer): string[] {
  const isNative = (httpServer as EventedHTTPServer).engine === "native";
  const messages = ["chacha20_poly1305_decryptAndVerify", "chacha20_poly1305_encryptAndSeal"];
  return ["HKDF", ...(isNative ? messages : []), "Symbol(hapwire.changed)"];
}

describe("uninstall()", { timeout: patient(60_000) }, () => {
  it("puts back all that install has changed, in HAP-NodeJS and in its packages for pairing", async (t) => {
    const hap = hapNodeJs as unknown as Hap;
    const load = createRequire(require.resolve("@homebridge/hap-nodejs"));
    const { SRP } = load("fast-srp-hap") as { SRP: { params: { hap: { N: object } } } };
    const { IdentifierCache } = load("./lib/model/IdentifierCache") as {
      IdentifierCache: { prototype: object };
    };
    const touched = [
      hap.HAPServer.prototype as object,
      hap.EventedHTTPServer,
      hap.HAPConnection,
      load("tweetnacl") as object,
      load("./lib/util/hapCrypto") as object,
      Object.getPrototypeOf(SRP.params.hap.N) as object,
      load("./lib/util/uuid") as object,
      IdentifierCache.prototype,
      Error,
    ];
    const describeAll = (): unknown[] => touched.map((object) => Object.getOwnPropertyDescriptors(object));
    const before = describeAll();
    const { installation } = installIn(t, hap);
    const carried = publish(t, hap);
    const changed = describeAll().map((after, i) => {
      const [a, b] = [after, before[i]] as [Record<PropertyKey, PropertyDescriptor>, typeof after];
      return Reflect.ownKeys(a)
        .filter((key) => a[key]?.value !== (b as typeof a)[key]?.value)
        .map(String);
    });
    assert.deepEqual(changed, [
      ["listen", "Symbol(hapwire.carried-by)"],
      ["destroyExistingConnectionsAfterUnpair", "Symbol(Symbol.hasInstance)"],
      ["Symbol(Symbol.hasInstance)"],
      ["scalarMult", "box", "sign", "Symbol(hapwire.changed)"],
      hapCryptoChanges(carried),
      ["modPow", "Symbol(hapwire.changed)"],
      ["toShortForm", "Symbol(hapwire.changed)"],
      ["save", "Symbol(hapwire.changed)"],
      [],
    ]);
    const closed = nextClosed();
    installation.uninstall();
    const isBack = (): boolean[] => describeAll().map((now, i) => isDeepStrictEqual(now, before[i]));
    // A bridge that is still carried needs the classes of the transport.
    assert.deepEqual(isBack(), [true, false, false, true, true, true, true, true, true]);
    await once(asEmitter(carried.httpServer), "listening");
    carried.destroy();
    await closed;
    assert.deepEqual(describeAll(), before);
    assert.deepEqual([installation.isActive, installation.reason], [false, "hapwire was uninstalled"]);
    const { httpServer: stock } = publish(t, hap);
    assert.ok(!(stock instanceof EventedHTTPServer));
    assert.ok(carried.httpServer instanceof EventedHTTPServer);
    // A server that is stopped before it listens goes on to listen in Node 20.11.
    await once(asEmitter(stock), "listening");
  });

  it("goes on to close the connections of a controller that is unpaired from a carried bridge", async (t) => {
    const hap = hapNodeJs as unknown as Hap;
    const { installation } = installIn(t, hap);
    const server = publish(t, hap).httpServer as EventedHTTPServer;
    await once(server, "listening");
    const opened = once(server, "connection-opened") as Promise<[HAPConnection]>;
    const controller = await Controller.connect(portOf(server));
    const [connection] = await opened;
    connection.connectionAuthenticated("user");
    installation.uninstall();
    hap.EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, "user");
    await controller.closed;
    assert.ok(connection instanceof hap.HAPConnection);
  });

  it("called again leaves the changes of a later install", (t) => {
    const hap = createHap();
    const { installation } = installIn(t, hap);
    installation.uninstall();
    const { installation: second } = installIn(t, hap);
    installation.uninstall();
    assert.equal(install(hap), second);
    assert.ok(publish(t, hap).httpServer instanceof EventedHTTPServer);
  });

  it("leaves the functions that another library has put on top, and carries nothing more through them", (t) => {
    const hap = createHap();
    const { installation } = installIn(t, hap);
    const { prototype } = hap.HAPServer as { prototype: { listen: HapServer["listen"] } };
    const below = { listen: prototype.listen };
    const wrapped = function (this: HapServer, port: number, host: string): void {
      below.listen.call(this, port, host);
    };
    prototype.listen = wrapped;
    installation.uninstall();
    assert.equal(prototype.listen === wrapped, true);
    assert.ok(!(publish(t, hap).httpServer instanceof EventedHTTPServer));
  });
});
