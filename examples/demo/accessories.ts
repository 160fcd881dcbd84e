/** The accessories that the bridge bridges, of every kind in turn. */

import type { Accessory } from "@homebridge/hap-nodejs";

import { constantsOf, type Hap } from "./hap";
import { itemAt } from "./items";
import { accessoryKinds, type Kind } from "./kinds";

/** The most accessories that one bridge may have in HomeKit, itself not counted. */
export const MAX_BRIDGED_ACCESSORIES = 149;

/** Makes so many accessories, of every kind in turn. */
export function createAccessories(hap: Hap, count: number): Accessory[] {
  const kinds = accessoryKinds(hap);
  return Array.from({ length: count }, (_, index) => {
    const kind = itemAt(kinds, index % kinds.length);
    return createAccessory(hap, kind, Math.floor(index / kinds.length) + 1);
  });
}

function createAccessory(hap: Hap, kind: Kind, number: number): Accessory {
  const name = `${kind.name} ${String(number)}`;
  const accessory = new hap.Accessory(name, hap.uuid.generate(`hapwire demo: ${name}`));
  describeAccessory(hap, accessory, kind.name, `HW-${kind.name.replaceAll(" ", "")}-${String(number)}`);
  for (const [type, serviceName, ...optional] of kind.services) {
    const service = accessory.addService(type, `${name} ${serviceName}`, serviceName);
    for (const characteristic of optional) {
      service.getCharacteristic(characteristic);
    }
  }
  if (accessory.getService(hap.Service.LockMechanism) !== undefined) {
    requireTimedWrites(hap, accessory);
  }
  return accessory;
}

/** Fills in what HomeKit wants to know of any accessory. */
export function describeAccessory(hap: Hap, accessory: Accessory, model: string, serialNumber: string): void {
  const { Characteristic, Service } = hap;
  accessory
    .getService(Service.AccessoryInformation)
    ?.setCharacteristic(Characteristic.Manufacturer, "hapwire")
    .setCharacteristic(Characteristic.Model, model)
    .setCharacteristic(Characteristic.SerialNumber, serialNumber)
    .setCharacteristic(Characteristic.FirmwareRevision, "1.0.0");
}

/** A lock takes no write that was not prepared just before: a replayed request must not open a door. */
function requireTimedWrites(hap: Hap, accessory: Accessory): void {
  const target = accessory
    .getService(hap.Service.LockMechanism)
    ?.getCharacteristic(hap.Characteristic.LockTargetState);
  if (target !== undefined) {
    target.setProps({ perms: [...target.props.perms, constantsOf(hap).Perms.TIMED_WRITE] });
  }
}
