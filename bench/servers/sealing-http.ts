/** The limit of large responses: Node's own HTTP server in plaintext, which also seals each body and drops the frames. */

import type { Allocator } from "#src/engine/contract";
import { loadEngine } from "#src/engine/load";

import { Home, SESSION_KEYS } from "../harness/home";
import type { BenchServer, ServerSettings } from "./contract";
import { startHttp } from "./http";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const home = new Home(settings.accessories);
  const sealer = loadEngine("native").createSealer(SESSION_KEYS.accessoryToControllerKey, 0n);
  const answers = new Map<string, Buffer>();
  let memory = Buffer.alloc(0);
  const sameMemory: Allocator = {
    allocate(length) {
      if (memory.length < length) {
        memory = Buffer.allocUnsafeSlow(length);
      }
      return memory.subarray(0, length);
    },
  };
  return startHttp((request, response) => {
    const url = request.url ?? "";
    const answer = answers.get(url) ?? Buffer.from(home.bodyFor(url));
    answers.set(url, answer);
    sealer.seal([answer], answer.length, sameMemory);
    home.answer(request, response);
  });
}
