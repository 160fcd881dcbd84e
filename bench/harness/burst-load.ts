/** The load of a burst: many changes at once, to controllers that have subscribed to all of them. */

import type { Load } from "./load";
import { Seat } from "./seat";
import type { RunSettings } from "./settings";

export function burstLoad(changes: number, connections: number, settings: RunSettings): Load<Seat> {
  return {
    start: async (competitor) => Seat.start(competitor, "sealed-writes", settings.accessories),
    async setUp(seat) {
      await seat.connect(connections);
      await seat.subscribe(changes);
    },
    work: async (seat, times) => seat.burst(changes, times),
  };
}
