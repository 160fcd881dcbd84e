/** A HomeKit bridge, made with HAP-NodeJS, and the characteristics that change on it. */

import { once } from "node:events";

import type { Accessory, Bridge, Characteristic, CharacteristicValue } from "@homebridge/hap-nodejs";

import { createAccessories, describe } from "./accessories";
import { Categories, hap } from "./hap";

/** A characteristic and its id, `aid.iid`. */
export interface Point {
  readonly id: string;
  readonly characteristic: Characteristic;
}

export interface BridgeIdentity {
  /** Looks like a MAC address. Controllers know the bridge by it. */
  readonly username: string;
  /** The setup code, such as `031-45-154`. */
  readonly pincode: string;
}

export class DemoBridge {
  readonly #bridge: Bridge;

  constructor(name: string, accessories: number) {
    this.#bridge = new hap.Bridge(name, hap.uuid.generate(`hapwire demo: ${name}`));
    describe(this.#bridge, "hapwire demo", "HW-BRIDGE");
    this.#bridge.addBridgedAccessories(createAccessories(accessories));
  }

  /** Starts to serve. @param bind - The address; all addresses by default. @returns The port. */
  async publish({ username, pincode }: BridgeIdentity, port: number, bind?: string): Promise<number> {
    const listening = once(this.#bridge, "listening") as Promise<[number]>;
    await this.#bridge.publish({
      ...{ username, pincode, port, category: Categories.BRIDGE, addIdentifyingMaterial: false },
      ...(bind !== undefined && { bind }),
    });
    return (await listening)[0];
  }

  async unpublish(): Promise<void> {
    await this.#bridge.unpublish();
  }

  /** The text of the QR code. Known once the bridge is published. */
  get setupUri(): string {
    return this.#bridge.setupURI();
  }

  /** All characteristics of a class. */
  ofType({ UUID }: { UUID: string }): Point[] {
    return pointsOf(this.#bridge.bridgedAccessories).filter(
      ({ characteristic }) => characteristic.UUID === UUID,
    );
  }

  /** The characteristics that {@link change} can change. */
  changeable(): Point[] {
    return changeablePoints(this.#bridge.bridgedAccessories);
  }
}

/** The characteristics of accessories. Their ids are known once the accessories are published. */
export function pointsOf(accessories: readonly Accessory[]): Point[] {
  return accessories.flatMap(({ aid, services }) =>
    services
      .flatMap(({ characteristics }) => characteristics)
      .map((characteristic) => ({ id: `${String(aid)}.${String(characteristic.iid)}`, characteristic })),
  );
}

/** Those with events and a value to count up. */
export function changeablePoints(accessories: readonly Accessory[]): Point[] {
  return pointsOf(accessories).filter(({ characteristic: { props, UUID } }) => {
    const isButton = UUID === hap.Characteristic.ProgrammableSwitchEvent.UUID;
    const hasEvents = (props.perms as readonly string[]).includes("ev");
    return hasEvents && !isButton && !["string", "tlv8", "data"].includes(props.format);
  });
}

/** Gives characteristics new values, in this order and all at once. */
export function change(points: readonly Point[]): void {
  for (const { characteristic } of points) {
    characteristic.updateValue(nextValue(characteristic));
  }
}

/** The value that follows the present one: the next allowed number, or the other truth value. */
export function nextValue({ value, props }: Characteristic): CharacteristicValue {
  if (typeof value === "boolean") {
    return !value;
  }
  const { validValues, minValue = 0, maxValue = 100, minStep = 1 } = props;
  if (validValues !== undefined) {
    return validValues[(validValues.indexOf(Number(value)) + 1) % validValues.length] ?? 0;
  }
  const next = Math.floor(Number(value)) + Math.max(1, minStep);
  return next > maxValue ? Math.ceil(minValue) : next;
}
