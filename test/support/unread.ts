/** Controllers that do not read, brought to a certain state in one tick: nothing can drain meanwhile. */

import assert from "node:assert/strict";
import type { Socket } from "node:net";

import type { Controller } from "./controller";
import type { Harness, Pair } from "./harness";

/** The kernel has not taken all, and the socket still wants more. */
export const holdsBytes = ({ writableLength }: Socket): boolean => writableLength > 0;

/** The socket is past its high-water mark. */
export const isFull = ({ writableNeedDrain }: Socket): boolean => writableNeedDrain;

/** Large enough for memory that is used again, and less than the socket's high-water mark. */
const TEXT = "x".repeat(8000);

/**
 * Sends immediate events to a controller that does not read, until the server's socket is in a certain state.
 *
 * @returns How many events were sent.
 */
export function sendUntil(harness: Harness, pair: Pair, isReached: (socket: Socket) => boolean): number {
  const { connection, controller } = pair;
  connection.enableEventNotifications(1, 9);
  controller.socket.pause();
  const socket = harness.socketOf(pair);
  let sent = 0;
  for (; !isReached(socket); sent += 1) {
    connection.sendEvent(1, 9, `${TEXT}${String(sent)}`, true);
  }
  return sent;
}

/** Lets the controller read again, and expects the events that {@link sendUntil} sent, in order, each in a message. */
export async function readEvents(controller: Controller, count: number): Promise<void> {
  controller.socket.resume();
  for (let index = 0; index < count; index += 1) {
    assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: `${TEXT}${String(index)}` }]);
  }
}
