/** A real bridge of HAP-NodeJS under `install(hap)`, with one controller and the status report of it, on a clock of the test's. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, type TestContext } from "node:test";

import * as hap from "@homebridge/hap-nodejs";

import { silenceMdns } from "#demo/hap";
import { install } from "#src/homebridge/install";
import { Reporter } from "#src/status/reporter";
import type { ServerReport, StatusReport } from "#src/status/report";
import type { EventedHTTPServer } from "hapwire";

import { ManualClock } from "./clock";
import { Controller } from "./controller";
import type { Message } from "#bench/harness/message-reader";
import { User, verifyPairing } from "./pairing";
import { portOf } from "./port";

const LOOPBACK = "127.0.0.1";
const USERNAME = "0E:11:22:33:44:55";

/** The members of HAP-NodeJS's const enums: they are there at run time, but closed to `isolatedModules`. */
const { Categories, PermissionTypes, HAPStatus } = hap as unknown as {
  Categories: { BRIDGE: hap.Categories };
  PermissionTypes: { ADMIN: hap.PermissionTypes };
  HAPStatus: {
    SERVICE_COMMUNICATION_FAILURE: hap.HAPStatus;
    OPERATION_TIMED_OUT: hap.HAPStatus;
    INVALID_VALUE_IN_REQUEST: hap.HAPStatus;
  };
};
export { hap, HAPStatus };

function useStorage(): void {
  silenceMdns();
  const storage = mkdtempSync(path.join(tmpdir(), "hapwire-timed-"));
  after(() => {
    rmSync(storage, { recursive: true });
  });
  hap.HAPStorage.setCustomStoragePath(storage);
}
useStorage();

/** A lamp, to be bridged. */
export class Lamp {
  readonly accessory: hap.Accessory;
  readonly on: hap.Characteristic;

  constructor(name: string) {
    this.accessory = new hap.Accessory(name, hap.uuid.generate(randomUUID()));
    this.on = this.accessory.addService(hap.Service.Lightbulb, name).getCharacteristic(hap.Characteristic.On);
  }

  get id(): string {
    return `${String(this.accessory.aid)}.${String(this.on.iid)}`;
  }

  /** As the report has it. */
  get named(): object {
    const { aid, displayName } = this.accessory;
    return { aid, iid: this.on.iid, accessory: displayName, characteristic: "On" };
  }

  /** E.g. `(On, aid 2, iid 10)`. */
  get ids(): string {
    return `(On, aid ${String(this.accessory.aid)}, iid ${String(this.on.iid)})`;
  }
}

/** Reads or writes that wait until the test lets them go. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #came: (() => void) | undefined;

  /** To be returned by a handler. */
  async pass(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        resolve(true);
      });
      this.#came?.();
    });
  }

  /** Resolves when somebody waits. */
  async reached(): Promise<void> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => (this.#came = resolve));
    }
  }

  open(): void {
    this.#waiting.splice(0).forEach((go) => {
      go();
    });
  }
}

export class TimedBridge {
  readonly clock: ManualClock;
  readonly controller: Controller;
  readonly server: EventedHTTPServer;
  readonly username = USERNAME;
  /** The pairing identifier. */
  readonly controllerName: string;
  readonly #reporter: Reporter;

  private constructor(
    clock: ManualClock,
    controller: Controller,
    controllerName: string,
    server: EventedHTTPServer,
    reporter: Reporter,
  ) {
    this.clock = clock;
    this.controller = controller;
    this.controllerName = controllerName;
    this.server = server;
    this.#reporter = reporter;
  }

  /** Publishes a bridge with these lamps, and verifies a controller. */
  static async open(t: TestContext, lamps: readonly Lamp[]): Promise<TimedBridge> {
    const clock = new ManualClock();
    const reporter = new Reporter(clock);
    const servers: EventedHTTPServer[] = [];
    const installation = install(hap, {
      server: { clock },
      log: () => undefined,
      onCarried: (carried) => servers.push(carried.server),
    });
    const bridge = new hap.Bridge("Test Bridge", hap.uuid.generate(randomUUID()));
    bridge.addBridgedAccessories(lamps.map(({ accessory }) => accessory));
    const listening = once(bridge, "listening");
    await bridge.publish({
      username: USERNAME,
      pincode: "031-45-154",
      port: 0,
      bind: LOOPBACK,
      category: Categories.BRIDGE,
      addIdentifyingMaterial: false,
    });
    await listening;
    const [server] = servers;
    const { _accessoryInfo: info } = bridge;
    assert.ok(server !== undefined && info != null, "hapwire does not carry the bridge");
    reporter.watch(server);
    const user = new User();
    info.addPairedClient(user.name, user.publicKey, PermissionTypes.ADMIN);
    const controller = await Controller.connect(portOf(server), LOOPBACK);
    t.after(async () => {
      controller.destroy();
      reporter.close();
      await bridge.unpublish();
      installation.uninstall();
    });
    await verifyPairing(controller, user.pairingWith(info));
    return new TimedBridge(clock, controller, user.name, server, reporter);
  }

  /** Sends a read. */
  read(lamps: readonly Lamp[]): void {
    this.controller.send("GET", `/characteristics?id=${lamps.map(({ id }) => id).join(",")}`);
  }

  async answer(): Promise<Message> {
    return this.controller.nextResponse();
  }

  /** Switches a lamp on. */
  async write(lamp: Lamp): Promise<Message> {
    const [aid, iid] = lamp.id.split(".").map(Number);
    const body = JSON.stringify({ characteristics: [{ aid, iid, value: true }] });
    return this.controller.fetch("PUT", "/characteristics", { body });
  }

  /** A new report. */
  report(): { report: StatusReport; server: ServerReport; texts: string[] } {
    this.clock.advance(500);
    const report = this.#reporter.report();
    const [server] = report.servers;
    assert.ok(server !== undefined);
    return { report, server, texts: report.why.map(({ text }) => text) };
  }
}
