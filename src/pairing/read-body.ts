/** The body of a request, whole. The server bounds its size. */

import type { IncomingMessage } from "node:http";

/** @returns Undefined if the connection closes before the end. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const giveUp = (): void => {
      resolve(undefined);
    };
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      resolve(Buffer.concat(chunks));
    });
    request.once("error", giveUp);
    request.once("close", giveUp);
  });
}
