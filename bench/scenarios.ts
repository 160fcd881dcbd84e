/** All scenarios, in the order of reports. */

import type { Scenario } from "./scenario";
import { accessories } from "./scenarios/accessories";
import { burst } from "./scenarios/burst";
import { codec } from "./scenarios/codec";
import { connect } from "./scenarios/connect";
import { get } from "./scenarios/get";
import { growth } from "./scenarios/growth";
import { immediate } from "./scenarios/immediate";
import { memory } from "./scenarios/memory";
import { stall } from "./scenarios/stall";
import { start } from "./scenarios/start";
import { wholeStack } from "./scenarios/whole-stack";

export const SCENARIOS: readonly Scenario[] = [
  wholeStack,
  codec,
  get,
  accessories,
  burst,
  immediate,
  connect,
  memory,
  stall,
  growth,
  start,
];
