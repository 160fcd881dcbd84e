/** The accessories of the demo's bridge: a home with devices of every kind. */

import type { Accessory, Characteristic, Service, WithUUID } from "@homebridge/hap-nodejs";

import { hap, Perms } from "./hap";

/** HomeKit's limit for one bridge, which does not count the bridge itself. */
export const MAX_BRIDGED_ACCESSORIES = 149;

/** A service: its class, its name, and its optional characteristics. */
type ServicePlan = [
  type: WithUUID<typeof Service>,
  name: string,
  ...optional: WithUUID<new () => Characteristic>[],
];

const { Characteristic: C, Service: S } = hap;
const COLOR = [C.Brightness, C.Hue, C.Saturation, C.ColorTemperature];
const STATUS = [C.StatusActive, C.StatusFault, C.StatusLowBattery, C.StatusTampered];
const BATTERY: ServicePlan = [S.Battery, "Battery", C.BatteryLevel, C.ChargingState];
const GASES = [C.OzoneDensity, C.NitrogenDioxideDensity, C.SulphurDioxideDensity, C.VOCDensity];
const CARBON_DIOXIDE = [C.CarbonDioxideLevel, C.CarbonDioxidePeakLevel, ...STATUS];

const KINDS: readonly (readonly [name: string, ...services: ServicePlan[]])[] = [
  ["Light", [S.Lightbulb, "Ceiling", ...COLOR], [S.Lightbulb, "Wall", ...COLOR]],
  ["Switch", ...several("ABCDEFGH", S.Switch)],
  ["Outlet", ...several("ABCDE", S.Outlet)],
  ["Button", ...several("ABCD", S.StatelessProgrammableSwitch), [S.Switch, "Relay"], BATTERY],
  ["Lock", [S.LockMechanism, "Lock"], [S.ContactSensor, "Door", ...STATUS], BATTERY],
  ["Contact", [S.ContactSensor, "Door", ...STATUS], [S.LeakSensor, "Floor", ...STATUS], BATTERY],
  [
    "Window covering",
    [S.WindowCovering, "Blind", C.ObstructionDetected, C.CurrentVerticalTiltAngle, C.TargetVerticalTiltAngle],
    BATTERY,
  ],
  [
    "Thermostat",
    [S.Thermostat, "Room", C.CoolingThresholdTemperature, C.HeatingThresholdTemperature],
    [S.HumiditySensor, "Humidity", ...STATUS],
    BATTERY,
  ],
  [
    "Fan",
    [S.Fanv2, "Fan", C.CurrentFanState, C.TargetFanState, C.RotationDirection, C.RotationSpeed, C.SwingMode],
    [S.Lightbulb, "Lamp", C.Brightness, C.ColorTemperature],
  ],
  [
    "Climate sensor",
    [S.TemperatureSensor, "Temperature", ...STATUS],
    [S.HumiditySensor, "Humidity", ...STATUS],
    BATTERY,
  ],
  ["Motion", [S.MotionSensor, "Motion", ...STATUS], [S.LightSensor, "Ambient", ...STATUS], BATTERY],
  [
    "Air quality",
    [S.AirQualitySensor, "Air", ...GASES, C.PM2_5Density, C.PM10Density, ...STATUS],
    [S.CarbonDioxideSensor, "Carbon dioxide", ...CARBON_DIOXIDE],
  ],
];

/** The same service several times, named by letters. */
function several(names: string, type: WithUUID<typeof Service>): ServicePlan[] {
  return Array.from(names, (name): ServicePlan => [type, name]);
}

/** Makes accessories of every kind in turn. */
export function createAccessories(count: number): Accessory[] {
  return Array.from({ length: count }, (_, index) => {
    const [kind = "", ...services] = KINDS[index % KINDS.length] ?? [];
    const name = `${kind} ${String(Math.floor(index / KINDS.length) + 1)}`;
    const accessory = new hap.Accessory(name, hap.uuid.generate(`hapwire demo: ${name}`));
    describe(accessory, kind, `HW-${name.replaceAll(" ", "-")}`);
    for (const [type, label, ...optional] of services) {
      const service = accessory.addService(type, `${name} ${label}`, label);
      for (const characteristic of optional) {
        service.getCharacteristic(characteristic);
      }
    }
    requireTimedWrites(accessory);
    return accessory;
  });
}

/** Fills in the facts that HomeKit shows of each accessory. */
export function describe(accessory: Accessory, model: string, serialNumber: string): void {
  accessory
    .getService(S.AccessoryInformation)
    ?.setCharacteristic(C.Manufacturer, "hapwire")
    .setCharacteristic(C.Model, model)
    .setCharacteristic(C.SerialNumber, serialNumber)
    .setCharacteristic(C.FirmwareRevision, "1.0.0");
}

/** Lets a lock take prepared writes alone: a request that is replayed must not open a door. */
function requireTimedWrites(accessory: Accessory): void {
  const target = accessory.getService(S.LockMechanism)?.getCharacteristic(C.LockTargetState);
  target?.setProps({ perms: [...target.props.perms, Perms.TIMED_WRITE] });
}
