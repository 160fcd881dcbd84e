/** The report of one process of a Homebridge, and of all of them. */

import type { StatusReport } from "./report";

/**
 * Changes when a reader needs more than older reports have. After an update, bridges run the older version of hapwire until
 * they are restarted. The settings dialog and the doctor run the newer version at once.
 */
export const PROCESS_REPORT_FORMAT = 2;

/** A bridge, or an accessory with a pairing of its own, that hapwire carries. */
export interface BridgeIdentity {
  name: string;
  /** The identifier that controllers know it by, such as `0E:11:22:33:44:55`. */
  username: string;
  /** Null while it does not listen. Leads to its server in {@link StatusReport.servers}. */
  port: number | null;
  /** The version of the HAP-NodeJS above it. */
  hapVersion: string;
}

export interface ProcessReport extends StatusReport {
  format: typeof PROCESS_REPORT_FORMAT;
  bridges: BridgeIdentity[];
}

export interface ProcessReports {
  /** The process that has run longest comes first: Homebridge's own. */
  processes: ProcessReport[];
  /** The processes that live and did not answer in time, by their ids: an event loop that is blocked answers nobody. */
  silent: number[];
  /** The processes whose report has another format, by their ids: they run another version of hapwire. */
  foreign: number[];
}
