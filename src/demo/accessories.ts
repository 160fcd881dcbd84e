/** What the bridge bridges: accessories of mixed kinds, each with the services that such a device has. */

import type { Accessory, Characteristic, Service, WithUUID } from "@homebridge/hap-nodejs";

import type { Hap } from "./hap";
import { itemAt } from "./items";

type ServiceClass = WithUUID<typeof Service>;
type CharacteristicClass = WithUUID<new () => Characteristic>;

/** A service of an accessory: its class, its name, and the optional characteristics that it has too. */
type ServicePlan = [type: ServiceClass, name: string, ...optional: CharacteristicClass[]];

interface Kind {
  name: string;
  services: ServicePlan[];
}

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
    target.setProps({ perms: [...target.props.perms, hap.Perms.TIMED_WRITE] });
  }
}

function accessoryKinds({ Service: S, Characteristic: C }: Hap): Kind[] {
  const status = [C.StatusActive, C.StatusFault, C.StatusLowBattery, C.StatusTampered];
  const battery: ServicePlan = [S.Battery, "Battery", C.BatteryLevel, C.ChargingState];
  const color = [C.Brightness, C.Hue, C.Saturation, C.ColorTemperature];
  return [
    {
      name: "Light",
      services: [
        [S.Lightbulb, "Ceiling", ...color],
        [S.Lightbulb, "Wall", ...color],
      ],
    },
    {
      name: "Switch",
      services: ["A", "B", "C", "D", "E", "F", "G", "H"].map((name): ServicePlan => [S.Switch, name]),
    },
    {
      name: "Climate sensor",
      services: [
        [S.TemperatureSensor, "Temperature", ...status],
        [S.HumiditySensor, "Humidity", ...status],
        battery,
      ],
    },
    {
      name: "Contact",
      services: [[S.ContactSensor, "Door", ...status], [S.LeakSensor, "Floor", ...status], battery],
    },
    {
      name: "Motion",
      services: [[S.MotionSensor, "Motion", ...status], [S.LightSensor, "Ambient", ...status], battery],
    },
    {
      name: "Thermostat",
      services: [
        [
          S.Thermostat,
          "Room",
          C.CoolingThresholdTemperature,
          C.HeatingThresholdTemperature,
          C.CurrentRelativeHumidity,
          C.TargetRelativeHumidity,
        ],
        battery,
      ],
    },
    { name: "Lock", services: [[S.LockMechanism, "Lock"], [S.ContactSensor, "Door", ...status], battery] },
    {
      name: "Window covering",
      services: [
        [
          S.WindowCovering,
          "Blind",
          C.ObstructionDetected,
          C.CurrentHorizontalTiltAngle,
          C.TargetHorizontalTiltAngle,
          C.CurrentVerticalTiltAngle,
          C.TargetVerticalTiltAngle,
        ],
        battery,
      ],
    },
    {
      name: "Outlet",
      services: ["A", "B", "C", "D", "E"].map((name): ServicePlan => [S.Outlet, name]),
    },
    {
      name: "Fan",
      services: [
        [
          S.Fanv2,
          "Fan",
          C.CurrentFanState,
          C.TargetFanState,
          C.LockPhysicalControls,
          C.RotationDirection,
          C.RotationSpeed,
          C.SwingMode,
        ],
        [S.Lightbulb, "Lamp", C.Brightness, C.ColorTemperature],
      ],
    },
    {
      name: "Air quality",
      services: [
        [
          S.AirQualitySensor,
          "Air",
          C.OzoneDensity,
          C.NitrogenDioxideDensity,
          C.SulphurDioxideDensity,
          C.PM2_5Density,
          C.PM10Density,
          C.VOCDensity,
          ...status,
        ],
        [S.CarbonDioxideSensor, "Carbon dioxide", C.CarbonDioxideLevel, C.CarbonDioxidePeakLevel, ...status],
      ],
    },
    {
      name: "Programmable switch",
      services: [
        ...["A", "B", "C", "D"].map((name): ServicePlan => [S.StatelessProgrammableSwitch, name]),
        [S.Switch, "Relay"],
        battery,
      ],
    },
  ];
}
