/** The answers of the dialog's server to its page: types alone, for both sides. */

import type { ProcessReports, StatusReport } from "hapwire/status";

export interface DialogAnswer {
  /** About all processes. Null if none has answered. */
  report: StatusReport | null;
  /** The processes that live and did not answer in time. */
  silent: ProcessReports["silent"];
  /** The processes that run another version of hapwire. */
  foreign: ProcessReports["foreign"];
}
