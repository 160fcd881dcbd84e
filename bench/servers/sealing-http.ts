/**
 * The limit of requests: Node's own HTTP server in plaintext, with the codec's work. The bytes of each request pass JavaScript
 * and are sealed, which takes as long as to open them. The body of each response is sealed too. The frames are dropped.
 */

import type { Allocator, FrameSealer } from "#src/engine/contract";
import { loadEngine } from "#src/engine/load";

import { Home, SESSION_KEYS } from "../harness/home";
import type { BenchServer, ServerSettings } from "./contract";
import { startHttp } from "./http";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const home = new Home(settings.accessories);
  const { accessoryToControllerKey, controllerToAccessoryKey } = SESSION_KEYS;
  const engine = loadEngine("native");
  const sealRequest = dropFramesOf(engine.createSealer(controllerToAccessoryKey, 0n));
  const sealResponse = dropFramesOf(engine.createSealer(accessoryToControllerKey, 0n));
  const answers = new Map<string, Buffer>();
  return startHttp(
    (request, response) => {
      const url = request.url ?? "";
      const answer = answers.get(url) ?? Buffer.from(home.bodyFor(url));
      answers.set(url, answer);
      sealResponse(answer);
      home.answer(request, response);
    },
    // With a listener for its bytes, Node no longer hands them to the parser below JavaScript.
    (socket) => socket.on("data", sealRequest),
  );
}

/** Seals always to the same memory: allocating would cost more. */
function dropFramesOf(sealer: FrameSealer): (bytes: Buffer) => void {
  let memory = Buffer.alloc(0);
  const sameMemory: Allocator = {
    allocate(length) {
      if (memory.length < length) {
        memory = Buffer.allocUnsafeSlow(length);
      }
      return memory.subarray(0, length);
    },
  };
  return (bytes) => {
    sealer.seal([bytes], bytes.length, sameMemory);
  };
}
