/** The plugin `homebridge-hapwire`. Homebridge calls this even if the plugin is disabled or not configured: so it only registers. */

import type { HomebridgeApi } from "./homebridge";
import { HapwirePlatform } from "./platform";

export = function register(api: HomebridgeApi): void {
  api.registerPlatform("homebridge-hapwire", "Hapwire", HapwirePlatform);
};
