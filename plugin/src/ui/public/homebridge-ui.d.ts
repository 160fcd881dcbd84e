/** The part that the page uses of the object that the Homebridge UI puts into a plugin's settings dialog. */

interface PluginConfig {
  platform: string;
  name?: string;
}

interface HomebridgeUi extends EventTarget {
  getPluginConfig(): Promise<PluginConfig[]>;
  /** Changes the config that Save will write; writes nothing. */
  updatePluginConfig(config: PluginConfig[]): Promise<PluginConfig[]>;
  /** Shows the form of config.schema.json below the page. */
  showSchemaForm(): void;
  /** Asks the dialog's server. */
  request(path: string): Promise<unknown>;
}

declare const homebridge: HomebridgeUi;
