/** A process that saves states to a JSON file without end, each with one more failed attempt, and says which are saved. */

import { JsonFileStorage } from "hapwire/pairing";

import { createState } from "#src/pairing/state";

/** As many pairings as there may be, so that a save takes time. */
const CONTROLLERS = Array.from({ length: 64 }, (_, index) => ({
  id: String(index).padEnd(255, "x"),
  publicKey: "ab".repeat(32),
  isAdmin: true,
}));

async function saveForever(file: string, first: number): Promise<never> {
  const storage = new JsonFileStorage(file);
  for (let failedAttempts = first; ; failedAttempts += 1) {
    await storage.save({ ...createState(), failedAttempts, controllers: CONTROLLERS });
    // A pipe takes it at once, whatever happens to the process next.
    process.stdout.write(`${String(failedAttempts)}\n`);
  }
}

const [, , file = "", first = ""] = process.argv;
void saveForever(file, Number(first));
