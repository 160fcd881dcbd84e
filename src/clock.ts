/** The one clock that all timers and times go through, so that tests can move it by hand. */

/** What {@link Clock.setTimeout} gives, for {@link Clock.clearTimeout}. */
export type Timer = object;

/** What time it is, and what is due when. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delay` milliseconds; never keeps the process alive. */
  setTimeout(callback: () => void, delay: number): Timer;
  /** Calls back no more. */
  clearTimeout(timer: Timer): void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay).unref(),
  clearTimeout: (timer) => {
    clearTimeout(timer as NodeJS.Timeout);
  },
};
