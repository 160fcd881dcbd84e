/** The windows in which a connection's events gather to go out as one message. [PROTOCOL: events] */

import type { Clock, Timer } from "./clock";

/** A member's place: the window that it is in, if any. */
export interface WindowMember {
  window: Window | undefined;
}

/** Windows that opened in the same tick, and so end together, with one timer for all. */
export interface Window {
  readonly members: Set<WindowMember>;
  timer: Timer;
}

export class CoalescingWindows<Member extends WindowMember> {
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #onElapsed: (members: Iterable<Member>) => void;
  /** The window that members join until this tick is over. */
  #opening: Window | undefined;

  /**
   * @param delay - Milliseconds that a window stays open.
   * @param onElapsed - Called with the members whose window has ended, none of which is in one any more.
   */
  constructor(clock: Clock, delay: number, onElapsed: (members: Iterable<Member>) => void) {
    this.#clock = clock;
    this.#delay = delay;
    this.#onElapsed = onElapsed;
  }

  /** Opens a member's window, unless it is in one. */
  open(member: Member): void {
    if (member.window !== undefined) {
      return;
    }
    const window = (this.#opening ??= this.#start());
    window.members.add(member);
    member.window = window;
  }

  /** Ends a member's window without a call back. */
  close(member: Member): void {
    const window = member.window;
    if (window === undefined) {
      return;
    }
    member.window = undefined;
    window.members.delete(member);
    if (window.members.size === 0 && window !== this.#opening) {
      this.#clock.clearTimeout(window.timer);
    }
  }

  #start(): Window {
    const members = new Set<Member>();
    const timer = this.#clock.setTimeout(() => {
      for (const member of members) {
        member.window = undefined;
      }
      if (members.size > 0) {
        this.#onElapsed(members);
      }
    }, this.#delay);
    queueMicrotask(() => {
      this.#opening = undefined;
      if (members.size === 0) {
        // All of them left in the tick in which they joined.
        this.#clock.clearTimeout(timer);
      }
    });
    return { members, timer };
  }
}
