// A dynamic platform of lamps. Each remembers what was written; lamp N + 1 takes the brightness that lamp N is given,
// so that a controller sees a change that no controller made.
"use strict";

const PLUGIN = "homebridge-hapwire-lamps";
const PLATFORM = "HapwireLamps";

class LampPlatform {
  constructor(log, config, api) {
    this.api = api;
    this.count = config.lamps;
    this.lamps = new Map();
    api.on("didFinishLaunching", () => this.addMissing());
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
      this.api.registerPlatformAccessories(PLUGIN, PLATFORM, [accessory]);
    }
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

module.exports = (api) => api.registerPlatform(PLUGIN, PLATFORM, LampPlatform);
