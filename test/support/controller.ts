/** A controller of a test: it keeps all that it receives, and reads events as lists. */

import assert from "node:assert/strict";

import { ControllerConnection } from "#bench/harness/controller-connection";
import type { Message } from "#bench/harness/message-reader";

/** One entry of an EVENT message. */
export interface EventEntry {
  aid: number;
  iid: number;
  value?: unknown;
}

export class Controller extends ControllerConnection {
  /** All messages, in the order in which they came. */
  readonly messages: Message[] = [];
  /** All segments from the accessory, as they came from the socket. */
  readonly received: Buffer[] = [];

  /** The entries of each EVENT message. */
  get eventMessages(): EventEntry[][] {
    return this.messages.filter(({ kind }) => kind === "event").map(entriesOf);
  }

  /** All events, oldest first. */
  get events(): EventEntry[] {
    return this.eventMessages.flatMap((entries) => entries.toReversed());
  }

  async get(path: string): Promise<Message> {
    return this.fetch("GET", path);
  }

  /** Waits for the next response, past the events that come before it. */
  async responseAfterEvents(): Promise<Message> {
    let message = await this.next();
    while (message.kind === "event") {
      message = await this.next();
    }
    return message;
  }

  /** Waits for the next message, which must be an event. @returns Its entries as sent: newest first. */
  async nextEvents(): Promise<EventEntry[]> {
    const message = await this.next();
    assert.equal(message.kind, "event", "expected an event, got a response");
    return entriesOf(message);
  }

  /** Waits until `count` events have come in all. */
  async receiveEvents(count: number): Promise<EventEntry[]> {
    await this.until(() => this.events.length >= count, `${String(count)} events`);
    this.inbox.length = 0;
    return this.events;
  }

  /** Forgets all that was received so far. */
  forget(): void {
    this.messages.length = 0;
    this.received.length = 0;
    this.inbox.length = 0;
  }

  protected override takeSegment(segment: Buffer): void {
    this.received.push(segment);
    super.takeSegment(segment);
  }

  protected override takeMessage(message: Message): void {
    this.messages.push(message);
    super.takeMessage(message);
  }
}

function entriesOf(message: Message): EventEntry[] {
  const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: EventEntry[] };
  return characteristics;
}
