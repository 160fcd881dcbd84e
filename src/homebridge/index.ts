/**
 * `hapwire/homebridge`: puts hapwire under HAP-NodeJS, and so under Homebridge.
 *
 * @module hapwire/homebridge
 */

export type { CarriedBridge } from "./carry";
export { install, type Installation, type InstallOptions } from "./install";
