/** The windows in which the events of connections gather, to go out as one message. [PROTOCOL: events] */

import type { Clock, Timer } from "../clock";

export interface WindowMember {
  /** The window that the member is in. */
  window: Window | undefined;
}

/** Windows that opened in the same tick: they end together, with one timer for all. */
export interface Window {
  readonly members: Set<WindowMember>;
  timer: Timer;
}

export class CoalescingWindows<Member extends WindowMember> {
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #onElapsed: (members: Iterable<Member>) => void;
  /** The window that members join until the end of this tick. */
  #opening: Window | undefined;

  /** @param onElapsed - Called `delay` milliseconds after a window opened, with its members. They are in no window then. */
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

  /** Takes a member out of its window. */
  close(member: Member): void {
    const window = member.window;
    if (window === undefined) {
      return;
    }
    member.window = undefined;
    window.members.delete(member);
    // A window of this tick keeps its timer: others may join.
    if (window.members.size === 0 && window !== this.#opening) {
      this.#clock.clearTimeout(window.timer);
    }
  }

  #start(): Window {
    const members = new Set<Member>();
    const timer = this.#clock.setTimeout(() => {
      this.#end(window, members);
    }, this.#delay);
    const window = { members, timer };
    queueMicrotask(() => {
      this.#endOpening(window);
      if (members.size === 0) {
        // All members left in the tick in which they joined.
        this.#clock.clearTimeout(timer);
      }
    });
    return window;
  }

  #end(window: Window, members: Set<Member>): void {
    this.#endOpening(window);
    for (const member of members) {
      member.window = undefined;
    }
    if (members.size > 0) {
      this.#onElapsed(members);
    }
  }

  /** Lets no more members join the window. */
  #endOpening(window: Window): void {
    if (this.#opening === window) {
      this.#opening = undefined;
    }
  }
}
