/**
 * A tap in the line between one controller and the bridge, as a witness that neither of them can talk to.
 *
 * Every byte passes through it, in order and unchanged. It counts; it opens the bridge's frames for itself, with
 * `node:crypto`; and it checks that what comes is whole messages, answers to what was asked, and no event inside one.
 *
 * It also makes up for what hap-controller's HTTP client cannot do: that one forgets what comes in one TCP segment with
 * the end of a response, and never returns from a frame that it cannot open. So frames behind a response are kept until
 * the controller has taken the response, and frames that don't open don't get to it.
 */

import { createDecipheriv } from "node:crypto";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { MessageReader, type Message } from "./messages";

/** The only address of the demo. */
export const LOOPBACK = "127.0.0.1";

const LENGTH_SIZE = 2;
const TAG_SIZE = 16;
const MAX_PLAINTEXT = 1024;

/** What passed, seen from the bridge: "in" is what the controller sent. */
export interface TapCounts {
  bytesIn: number;
  bytesOut: number;
  framesIn: number;
  framesOut: number;
  /** Events in all EVENT messages. */
  events: number;
  eventMessages: number;
}

/** A frame of the bridge on its way to the controller. */
interface PassingFrame {
  frame: Buffer;
  endsResponse: boolean;
}

/** A tap for one connection. */
export class Tap {
  readonly counts: TapCounts = {
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
    framesOut: 0,
    events: 0,
    eventMessages: 0,
  };
  /** Secured messages of the bridge, in order. */
  readonly log: Message["kind"][] = [];
  /** What the bridge did that it must not do. */
  readonly faults: string[] = [];
  /** Resolves when the bridge has closed its side. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** The port that the bridge knows the connection by. */
  bridgeSidePort = 0;

  readonly #server: Server;
  readonly #bridge: Socket;
  #controller: Socket | undefined;
  #markClosed!: () => void;

  /** The key of the bridge's frames, once the session is secured. */
  #key: Buffer | undefined;
  #counter = 0n;
  /** The start of a frame of the bridge that is not whole yet. */
  #partialFrame: Buffer = Buffer.alloc(0);
  readonly #reader = new MessageReader();
  readonly #fromController = new FrameCounter();

  /** Responses that the controller has asked for and not got yet. */
  #responsesDue = 0;
  /** Those who wait for responses that hap-controller does not read. */
  readonly #responses: ((message: Message) => void)[] = [];
  /** Frames that stand behind a response which the controller has not taken yet; undefined where it has. */
  #kept: PassingFrame[] | undefined;
  /** Called when the next response has begun and not ended. */
  #responseBegun: (() => void) | undefined;

  private constructor(server: Server, bridgePort: number) {
    this.#server = server;
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
    this.#bridge = connect({ port: bridgePort, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
    this.#bridge.on("data", this.#handleBridgeData.bind(this));
    this.#bridge.on("end", this.#handleBridgeEnd.bind(this));
    this.#bridge.on("error", this.#handleBridgeEnd.bind(this));
    server.once("connection", this.#handleController.bind(this));
  }

  /** Opens a tap; the first connection to its port is passed on to the bridge. */
  static async open(bridgePort: number): Promise<Tap> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const tap = new Tap(server, bridgePort);
    await new Promise<void>((resolve, reject) => {
      tap.#bridge.once("connect", resolve).once("error", reject);
    });
    tap.bridgeSidePort = tap.#bridge.localPort ?? 0;
    return tap;
  }

  /** Where the controller connects to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From here on, both sides speak in frames. */
  secure(accessoryToControllerKey: Buffer): void {
    this.#key = accessoryToControllerKey;
    this.#fromController.start();
  }

  /** Notes that the controller is about to send so many requests. */
  expectResponses(count: number): void {
    this.#responsesDue += count;
  }

  /** Passes on what stood behind the response that the controller has now taken. */
  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const passing of kept) {
      this.#passOn(passing);
    }
  }

  /** The next response that comes, read from the line. */
  nextResponse(): Promise<Message> {
    return new Promise((resolve) => {
      this.#responses.push(resolve);
    });
  }

  /**
   * Stops the line in the middle of the next response.
   *
   * @returns Resolves when a part of the response has come and the rest is held back, until {@link Tap.resume}.
   */
  stopInsideResponse(): Promise<void> {
    return new Promise((resolve) => {
      this.#responseBegun = resolve;
    });
  }

  /** Lets the line go on. */
  resume(): void {
    this.#responseBegun = undefined;
    this.#bridge.resume();
  }

  /** Takes the line down. */
  destroy(): void {
    this.#server.close();
    this.#bridge.destroy();
    this.#controller?.destroy();
  }

  #handleController(controller: Socket): void {
    this.#controller = controller;
    this.#server.close();
    controller.on("data", (data) => {
      this.counts.bytesIn += data.length;
      this.counts.framesIn += this.#fromController.count(data);
      this.#bridge.write(data);
    });
    controller.on("end", () => this.#bridge.end());
    controller.on("error", () => this.#bridge.destroy());
  }

  #handleBridgeEnd(): void {
    this.isClosed = true;
    this.#controller?.end();
    this.#markClosed();
  }

  #handleBridgeData(data: Buffer): void {
    this.counts.bytesOut += data.length;
    if (this.#key === undefined) {
      this.#controller?.write(data);
      return;
    }
    try {
      this.#controller?.cork();
      this.#handleFrames(data, this.#key);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#controller?.uncork();
    }
    if (this.#responseBegun !== undefined && this.#reader.isUnderWay) {
      this.#bridge.pause();
      this.#responseBegun();
    }
  }

  #handleFrames(data: Buffer, key: Buffer): void {
    let rest = Buffer.concat([this.#partialFrame, data]);
    for (let size = frameSize(rest); size <= rest.length; size = frameSize(rest)) {
      const frame = rest.subarray(0, size);
      rest = rest.subarray(size);
      this.counts.framesOut += 1;
      const messages = this.#reader.push(openFrame(frame, key, this.#counter++));
      this.#check(messages);
      this.#passOn({ frame, endsResponse: messages.some(({ kind }) => kind === "response") });
    }
    this.#partialFrame = rest;
  }

  /** Notes messages that have become whole. */
  #check(messages: Message[]): void {
    for (const message of messages) {
      this.log.push(message.kind);
      if (message.kind === "event") {
        this.#noteEvent(message);
      } else {
        this.#noteResponse(message);
      }
    }
  }

  #noteEvent(message: Message): void {
    if (this.#responsesDue > 0) {
      throw new Error("an event came while a request was being answered");
    }
    const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: unknown[] };
    if (characteristics.length === 0) {
      throw new Error("an event message was empty");
    }
    this.counts.events += characteristics.length;
    this.counts.eventMessages += 1;
  }

  #noteResponse(message: Message): void {
    this.#responsesDue -= 1;
    if (this.#responsesDue < 0) {
      throw new Error("a response came that nobody asked for");
    }
    this.#responses.shift()?.(message);
  }

  /** Passes a frame on, or keeps it where a response stands before it that the controller has not taken. */
  #passOn(passing: PassingFrame): void {
    if (this.#kept !== undefined) {
      this.#kept.push(passing);
      return;
    }
    this.#controller?.write(passing.frame);
    if (passing.endsResponse) {
      this.#kept = [];
    }
  }

  #fail(fault: string): void {
    this.faults.push(fault);
    this.destroy();
    this.#handleBridgeEnd();
  }
}

/** @returns The size of the frame at the start, as far as it can be told; Infinity where it can't. */
function frameSize(data: Buffer): number {
  if (data.length < LENGTH_SIZE) {
    return Infinity;
  }
  const length = data.readUInt16LE();
  if (length > MAX_PLAINTEXT) {
    throw new Error(`a frame of the bridge has ${String(length)} bytes`);
  }
  return LENGTH_SIZE + length + TAG_SIZE;
}

function openFrame(frame: Buffer, key: Buffer, counter: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(counter, 4);
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_SIZE });
  const ciphertext = frame.subarray(LENGTH_SIZE, -TAG_SIZE);
  decipher.setAAD(frame.subarray(0, LENGTH_SIZE), { plaintextLength: ciphertext.length });
  decipher.setAuthTag(frame.subarray(-TAG_SIZE));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new Error(`frame ${String(counter)} of the bridge does not open`, { cause });
  }
}

/** Counts the frames of a stream by their length fields. */
class FrameCounter {
  #isFramed = false;
  /** Bytes until the next length field. */
  #ahead = 0;
  #lengthField: number[] = [];

  /** What comes from here on is frames. */
  start(): void {
    this.#isFramed = true;
  }

  /** @returns How many frames start in the data, counted when their length is known. */
  count(data: Buffer): number {
    let frames = 0;
    for (let at = 0; this.#isFramed && at < data.length;) {
      if (this.#ahead > 0) {
        const skipped = Math.min(this.#ahead, data.length - at);
        this.#ahead -= skipped;
        at += skipped;
        continue;
      }
      this.#lengthField.push(data[at++] ?? 0);
      if (this.#lengthField.length === LENGTH_SIZE) {
        const [low = 0, high = 0] = this.#lengthField;
        this.#ahead = low + high * 256 + TAG_SIZE;
        this.#lengthField = [];
        frames += 1;
      }
    }
    return frames;
  }
}
