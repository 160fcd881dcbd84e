/** The clock of all timers and durations. Tests move it by hand. */

// Not the globals: jsdom has functions of these names, whose timers are numbers.
import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";

/** From {@link Clock.setTimeout}, for {@link Clock.clearTimeout}. */
export type Timer = object;

/** Tells the time and calls back later. */
export interface Clock {
  /** Milliseconds since a fixed moment. Never goes back, so that durations can be measured. */
  now(): number;
  /** Calls back once after `delay` milliseconds. Never keeps the process alive. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Cancels a callback. */
  clearTimeout(timer: Timer): void;
  /** The wall clock in milliseconds since the epoch, for times that people read. Default: `Date.now`. */
  date?(): number;
}

/** The longest delay of a Node timer, in milliseconds. Node fires at once if a delay is longer. */
export const MAX_DELAY = 2 ** 31 - 1;

/** No duration uses the wall clock, which jumps on boards without a real-time clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, clampDelay(delay)).unref(),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
};

/** The wall clock, in milliseconds since the epoch. */
export function dateOf(clock: Clock): number {
  return clock.date?.() ?? Date.now();
}

function clampDelay(delay: number): number {
  return Math.min(Math.max(Math.ceil(delay), 0), MAX_DELAY);
}
