/** The part of Homebridge's API that the plugin uses: types alone, so that no copy of Homebridge is installed with it. */

export interface Logger {
  info(line: string): void;
  warn(line: string): void;
}

export interface HomebridgeApi {
  /** The HAP-NodeJS that Homebridge itself uses. */
  readonly hap: object;
  readonly user: { storagePath(): string };
  registerPlatform(plugin: string, platform: string, constructor: PlatformConstructor): void;
}

export type PlatformConstructor = new (log: Logger, config: unknown, api: HomebridgeApi) => Platform;

/** A dynamic platform: Homebridge hands over the accessories that it remembers of it. */
export interface Platform {
  configureAccessory(): void;
}
