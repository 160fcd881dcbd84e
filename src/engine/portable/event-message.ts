/** The `EVENT/1.0` message. [PROTOCOL: events] */

/**
 * @param events - The JSON of each event, oldest first.
 * @returns The message, with the newest event first.
 */
export function eventMessage(events: readonly string[]): Buffer {
  const body = `{"characteristics":[${events.toReversed().join(",")}]}`;
  const head = [
    "EVENT/1.0 200 OK",
    "Content-Type: application/hap+json",
    `Content-Length: ${String(Buffer.byteLength(body))}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
