/** A real HomeKit bridge with its accessories, and a record of every change that it owes its controllers an event for. */

import type {
  Accessory,
  AccessoryCharacteristicChange,
  Bridge,
  Characteristic,
  CharacteristicValue,
} from "@homebridge/hap-nodejs";

import { createAccessories, describeAccessory } from "./accessories";
import { constantsOf, type Hap } from "./hap";

/** One change of one characteristic's value. */
export interface Change {
  /** `aid.iid` */
  id: string;
  /** As it stands in an event's JSON. */
  value: unknown;
  /** The port of the controller that wrote the value, which gets no event of it; undefined where the bridge did. */
  originatorPort: number | undefined;
}

/** A characteristic and where it is. */
export interface Point {
  /** `aid.iid` */
  id: string;
  characteristic: Characteristic;
}

/** How a bridge introduces itself. */
export interface BridgeIdentity {
  /** Looks like a MAC address; what controllers know the bridge by. */
  username: string;
  /** The setup code, as `031-45-154`. */
  pincode: string;
}

/** A bridge with accessories of mixed kinds. */
export class DemoBridge {
  /** Every change since the bridge was made, in the order in which it happened. */
  readonly changes: Change[] = [];
  readonly #hap: Hap;
  readonly #bridge: Bridge;

  constructor(hap: Hap, name: string, accessoryCount: number) {
    this.#hap = hap;
    this.#bridge = new hap.Bridge(name, hap.uuid.generate(`hapwire demo: ${name}`));
    describeAccessory(hap, this.#bridge, "hapwire demo", "HW-BRIDGE");
    const accessories = createAccessories(hap, accessoryCount);
    for (const accessory of accessories) {
      accessory.on("service-characteristic-change", (change) => {
        this.#record(accessory, change);
      });
    }
    this.#bridge.addBridgedAccessories(accessories);
  }

  /** Starts to serve. @returns The port. */
  async publish({ username, pincode }: BridgeIdentity, port: number, bind?: string): Promise<number> {
    const listening = new Promise<number>((resolve) => {
      this.#bridge.once("listening", resolve);
    });
    const category = constantsOf(this.#hap).Categories.BRIDGE;
    const address = bind === undefined ? {} : { bind };
    await this.#bridge.publish({
      ...{ username, pincode, port, category, addIdentifyingMaterial: false },
      ...address,
    });
    return listening;
  }

  /** Stops serving and takes back what was advertised. */
  unpublish(): Promise<void> {
    return this.#bridge.unpublish();
  }

  /** What the QR code says: the setup code and how to find the bridge. Known once the bridge is published. */
  get setupUri(): string {
    return this.#bridge.setupURI();
  }

  /** How many accessories there are, not counting the bridge. */
  get accessoryCount(): number {
    return this.#bridge.bridgedAccessories.length;
  }

  /** The characteristics that have a value to change and events to tell of it. Known once the bridge is published. */
  changeable(): Point[] {
    return this.#points(({ props, UUID }) => {
      const isSwitch = UUID === this.#hap.Characteristic.ProgrammableSwitchEvent.UUID;
      return permits(props.perms, "ev") && !isSwitch && nextNumber(props, 0) !== undefined;
    });
  }

  /** All characteristics of a class. */
  ofType({ UUID }: { UUID: string }): Point[] {
    return this.#points((characteristic) => characteristic.UUID === UUID);
  }

  /** Gives characteristics another value than they have, in the order given and in one go. */
  change(points: readonly Point[]): void {
    for (const { characteristic } of points) {
      characteristic.updateValue(nextValue(characteristic));
    }
  }

  /** Presses the button of a programmable switch: once, twice or long. */
  press(button: Point, kind: "single" | "double" | "long"): void {
    button.characteristic.sendEventNotification(["single", "double", "long"].indexOf(kind));
  }

  #points(select: (characteristic: Characteristic) => boolean): Point[] {
    return this.#bridge.bridgedAccessories.flatMap((accessory) =>
      accessory.services
        .flatMap((service) => service.characteristics)
        .filter(select)
        .map((characteristic) => ({ id: idOf(accessory, characteristic), characteristic })),
    );
  }

  #record(accessory: Accessory, change: AccessoryCharacteristicChange): void {
    const { characteristic, oldValue, newValue, originator } = change;
    // A switch has no value: pressed again in the same way, it has something to tell all the same.
    const isPress = characteristic.UUID === this.#hap.Characteristic.ProgrammableSwitchEvent.UUID;
    if (isPress || oldValue !== newValue) {
      this.changes.push({
        id: idOf(accessory, characteristic),
        value: onWire(newValue),
        originatorPort: originator?.remotePort,
      });
    }
  }
}

/** Whether a characteristic's permissions (`pr`, `pw`, `ev`, `tw`, …) have the one asked for. */
export function permits(permissions: readonly string[], permission: string): boolean {
  return permissions.includes(permission);
}

/** Another value that the characteristic may have, a different one for each value that it has now. */
export function nextValue({ value, props }: Characteristic): CharacteristicValue {
  if (typeof value === "boolean") {
    return !value;
  }
  const next = nextNumber(props, Number(value));
  if (next === undefined) {
    throw new RangeError(`a characteristic of format ${props.format} cannot be counted up`);
  }
  return next;
}

/** The next number that the properties allow, starting over at the end; undefined where they allow no numbers. */
function nextNumber(props: Characteristic["props"], value: number): number | undefined {
  const { validValues, minValue = 0, maxValue = 100, minStep = 1 } = props;
  if (["string", "tlv8", "data"].includes(props.format)) {
    return undefined;
  }
  if (validValues !== undefined) {
    return validValues[(validValues.indexOf(value) + 1) % validValues.length];
  }
  const next = Math.floor(value) + Math.max(1, minStep);
  return next > maxValue ? Math.ceil(minValue) : next;
}

/** How HAP-NodeJS writes a value: truth values are numbers. */
function onWire(value: unknown): unknown {
  return typeof value === "boolean" ? Number(value) : value;
}

function idOf(accessory: Accessory, characteristic: Characteristic): string {
  return `${String(accessory.aid)}.${String(characteristic.iid)}`;
}
