// A dynamic platform of lamps. Each keeps the written values. Lamp N + 1 takes the brightness that lamp N is given, so
// that a controller sees a change that no controller made.
"use strict";

const PLUGIN = "homebridge-hapwire-lamps";
/** Homebridge takes each dynamic platform once: the second one is for the child bridge. */
const PLATFORMS = ["HapwireLamps", "HapwireChildLamps"];

class LampPlatform {
  constructor(log, config, api) {
    this.api = api;
    this.platform = config.platform;
    this.count = config.lamps;
    this.external = config.external;
    this.lamps = new Map();
    api.on("didFinishLaunching", () => {
      this.addMissing();
      if (this.external !== undefined) this.publishExternal(this.external);
    });
  }

  // Called by Homebridge with each lamp that it has in its cache.
  configureAccessory(accessory) {
    this.lamps.set(accessory.UUID, accessory);
    this.setUp(accessory);
  }

  addMissing() {
    for (let number = 1; number <= this.count; number += 1) {
      const uuid = this.uuidOf(number);
      if (this.lamps.has(uuid)) continue;
      const accessory = new this.api.platformAccessory(`Lamp ${number}`, uuid);
      accessory.context.number = number;
      this.lamps.set(uuid, accessory);
      this.setUp(accessory);
      this.api.registerPlatformAccessories(PLUGIN, this.platform, [accessory]);
    }
  }

  // An accessory with a pairing of its own and two lamps.
  publishExternal(name) {
    const { Lightbulb } = this.api.hap.Service;
    const { On, Brightness } = this.api.hap.Characteristic;
    const accessory = new this.api.platformAccessory(name, this.api.hap.uuid.generate(`${PLUGIN} ${name}`));
    const [first, second] = ["first", "second"].map((id) => accessory.addService(Lightbulb, id, id));
    for (const service of [first, second]) service.getCharacteristic(On).onSet(() => {});
    second.getCharacteristic(Brightness).onSet(() => {});
    first.getCharacteristic(Brightness).onSet((value) => second.updateCharacteristic(Brightness, value));
    this.api.publishExternalAccessories(PLUGIN, [accessory]);
  }

  setUp(accessory) {
    const { Characteristic } = this.api.hap;
    const { On, Brightness } = Characteristic;
    const service = this.serviceOf(accessory);
    service.getCharacteristic(On).onSet(() => {});
    service.getCharacteristic(Brightness).onSet((value) => {
      const next = this.lamps.get(this.uuidOf(accessory.context.number + 1));
      if (next !== undefined) this.serviceOf(next).updateCharacteristic(Brightness, value);
    });
  }

  serviceOf(accessory) {
    const { Lightbulb } = this.api.hap.Service;
    return accessory.getService(Lightbulb) ?? accessory.addService(Lightbulb);
  }

  uuidOf(number) {
    return this.api.hap.uuid.generate(`${PLUGIN} ${number}`);
  }
}

module.exports = (api) => {
  for (const platform of PLATFORMS) api.registerPlatform(PLUGIN, platform, LampPlatform);
};
