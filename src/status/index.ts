/** `hapwire/status`: the status reports for the plugin `homebridge-hapwire`. May change with any version. */

export { readBridgeReports } from "./bridge-reports";
export { BridgeSocket, type NamedServer } from "./bridge-socket";
export { mergeReports } from "./merged-report";
export type { BridgeIdentity, ProcessReport, ProcessReports } from "./process-report";
export type { StatusReport } from "./report";
export { startStatusPage } from "./status-page";
export { UserNumbers } from "./users";
