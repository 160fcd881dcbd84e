// A connection of a controller: HTTP in plaintext, then in frames. Emits `event` for each EVENT message.
const { EventEmitter, once } = require("node:events");
const { connect } = require("node:net");
const { FrameOpener, FrameSealer } = require("hapwire");

class Connection extends EventEmitter {
  #socket;
  #sealer;
  #opener;
  #unread = Buffer.alloc(0);
  #waiting = []; // for responses, in the order of the requests
  close = () => this.#socket.destroy();

  static async open(host, port) {
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    return new Connection(socket);
  }

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on("data", (segment) => this.#read(segment));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the accessory has closed the connection")));
  }

  // Resolves with the body of the response.
  request(method, path, body = "", type = "application/hap+json") {
    const head = `${method} ${path} HTTP/1.1\r\nHost: accessory\r\nContent-Type: ${type}\r\n`;
    const message = [Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), Buffer.from(body)];
    this.#socket.write(this.#sealer ? this.#sealer.seal(message) : Buffer.concat(message));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  // A controller seals with the key that the accessory opens with.
  secure(sealingKey, openingKey) {
    this.#sealer = new FrameSealer(sealingKey);
    this.#opener = new FrameOpener(openingKey);
  }

  #read(segment) {
    try {
      // A segment may end in the middle of a frame, and a frame in the middle of a message.
      const plaintext = this.#opener ? this.#opener.open(segment) : segment;
      this.#unread = Buffer.concat([this.#unread, plaintext]);
      for (let message; (message = takeMessage(this.#unread)) !== undefined;) {
        this.#unread = message.rest;
        if (message.protocol === "EVENT/1.0") this.emit("event", JSON.parse(message.body));
        else if (message.status < 300) this.#waiting.shift()?.resolve(message.body);
        else this.#waiting.shift()?.reject(new Error(`the accessory has answered ${message.status}`));
      }
    } catch (error) {
      this.#socket.destroy(error);
    }
  }

  #end(error) {
    this.#waiting.splice(0).forEach(({ reject }) => reject(error));
  }
}

// The first message of some bytes, and the bytes behind it. Undefined if it has not arrived whole.
function takeMessage(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.subarray(0, end).toString("latin1");
  const [protocol, status] = head.split(" ", 2);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1] ?? 0;
  const take = /^transfer-encoding: chunked$/im.test(head) ? takeChunks : takeBytes;
  const taken = take(bytes.subarray(end + 4), Number(length));
  return taken && { protocol, status: Number(status), ...taken };
}

const takeBytes = (bytes, length) =>
  bytes.length < length ? undefined : { body: bytes.subarray(0, length), rest: bytes.subarray(length) };

function takeChunks(bytes) {
  const [, digits] = /^([\da-f]+)\r\n/i.exec(bytes.toString("latin1", 0, 20)) ?? [];
  const start = digits?.length + 2;
  const length = Number.parseInt(digits, 16);
  if (digits === undefined || bytes.length < start + length + 2) return undefined;
  const rest = bytes.subarray(start + length + 2);
  if (length === 0) return { body: Buffer.alloc(0), rest };
  const others = takeChunks(rest);
  return others && { ...others, body: Buffer.concat([bytes.subarray(start, start + length), others.body]) };
}

module.exports = { Connection };
