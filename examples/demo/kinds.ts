/** The kinds of accessories, each with the services that such a device has. */

import type { Characteristic, Service, WithUUID } from "@homebridge/hap-nodejs";

import type { Hap } from "./hap";

type ServiceClass = WithUUID<typeof Service>;
type CharacteristicClass = WithUUID<new () => Characteristic>;

/** A service: its class, its name, and the optional characteristics that it has too. */
type ServicePlan = [type: ServiceClass, name: string, ...optional: CharacteristicClass[]];

/** A kind of accessory. */
export interface Kind {
  name: string;
  services: ServicePlan[];
}

/** All kinds. */
export function accessoryKinds(hap: Hap): Kind[] {
  return [...lightsAndSwitches(hap), ...openings(hap), ...climate(hap), ...sensors(hap)];
}

function lightsAndSwitches({ Service: S, Characteristic: C }: Hap): Kind[] {
  const color = [C.Brightness, C.Hue, C.Saturation, C.ColorTemperature];
  return [
    {
      name: "Light",
      services: [
        [S.Lightbulb, "Ceiling", ...color],
        [S.Lightbulb, "Wall", ...color],
      ],
    },
    { name: "Switch", services: several("ABCDEFGH", S.Switch) },
    { name: "Outlet", services: several("ABCDE", S.Outlet) },
    {
      name: "Programmable switch",
      services: [
        ...several("ABCD", S.StatelessProgrammableSwitch),
        [S.Switch, "Relay"],
        [S.Battery, "Battery", C.BatteryLevel, C.ChargingState],
      ],
    },
  ];
}

function openings({ Service: S, Characteristic: C }: Hap): Kind[] {
  const battery: ServicePlan = [S.Battery, "Battery", C.BatteryLevel, C.ChargingState];
  const status = [C.StatusActive, C.StatusFault, C.StatusLowBattery, C.StatusTampered];
  const tilt = [
    ...[C.CurrentHorizontalTiltAngle, C.TargetHorizontalTiltAngle],
    ...[C.CurrentVerticalTiltAngle, C.TargetVerticalTiltAngle],
  ];
  return [
    { name: "Lock", services: [[S.LockMechanism, "Lock"], [S.ContactSensor, "Door", ...status], battery] },
    {
      name: "Contact",
      services: [[S.ContactSensor, "Door", ...status], [S.LeakSensor, "Floor", ...status], battery],
    },
    {
      name: "Window covering",
      services: [[S.WindowCovering, "Blind", C.ObstructionDetected, ...tilt], battery],
    },
  ];
}

function climate({ Service: S, Characteristic: C }: Hap): Kind[] {
  const battery: ServicePlan = [S.Battery, "Battery", C.BatteryLevel, C.ChargingState];
  const thresholds = [C.CoolingThresholdTemperature, C.HeatingThresholdTemperature];
  const humidity = [C.CurrentRelativeHumidity, C.TargetRelativeHumidity];
  const fan = [
    ...[C.CurrentFanState, C.TargetFanState, C.LockPhysicalControls],
    ...[C.RotationDirection, C.RotationSpeed, C.SwingMode],
  ];
  return [
    { name: "Thermostat", services: [[S.Thermostat, "Room", ...thresholds, ...humidity], battery] },
    {
      name: "Fan",
      services: [
        [S.Fanv2, "Fan", ...fan],
        [S.Lightbulb, "Lamp", C.Brightness, C.ColorTemperature],
      ],
    },
  ];
}

function sensors({ Service: S, Characteristic: C }: Hap): Kind[] {
  const battery: ServicePlan = [S.Battery, "Battery", C.BatteryLevel, C.ChargingState];
  const status = [C.StatusActive, C.StatusFault, C.StatusLowBattery, C.StatusTampered];
  const pollutants = [
    ...[C.OzoneDensity, C.NitrogenDioxideDensity, C.SulphurDioxideDensity],
    ...[C.PM2_5Density, C.PM10Density, C.VOCDensity],
  ];
  return [
    {
      name: "Climate sensor",
      services: [
        [S.TemperatureSensor, "Temperature", ...status],
        [S.HumiditySensor, "Humidity", ...status],
        battery,
      ],
    },
    {
      name: "Motion",
      services: [[S.MotionSensor, "Motion", ...status], [S.LightSensor, "Ambient", ...status], battery],
    },
    {
      name: "Air quality",
      services: [
        [S.AirQualitySensor, "Air", ...pollutants, ...status],
        [S.CarbonDioxideSensor, "Carbon dioxide", C.CarbonDioxideLevel, C.CarbonDioxidePeakLevel, ...status],
      ],
    },
  ];
}

/** The same service several times, named by letters. */
function several(names: string, type: ServiceClass): ServicePlan[] {
  return Array.from(names, (name): ServicePlan => [type, name]);
}
