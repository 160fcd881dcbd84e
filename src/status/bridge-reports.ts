/** Reads the reports that the processes of a Homebridge serve in its storage folder. */

import { rmSync } from "node:fs";
import { connect } from "node:net";

import { PROCESS_REPORT_FORMAT, type ProcessReport, type ProcessReports } from "./process-report";
import { listSockets, withAddress, type ProcessSocket } from "./socket-folder";

const PATIENCE = 3000;
/** A report of 200 connections has about 100 KiB. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The answer of a process: its report, a report of another format, nothing in time, or that nobody listens. */
type Answer = ProcessReport | "foreign" | "silent" | "gone";

/**
 * Reads the reports of all processes of a Homebridge. Removes the sockets of those that have ended.
 *
 * @param storage - Homebridge's storage folder.
 * @param patience - Milliseconds that each process has for its answer. Default 3,000.
 * @returns Empty if hapwire carries no bridge of this Homebridge. Never rejects.
 */
export async function readBridgeReports(storage: string, patience = PATIENCE): Promise<ProcessReports> {
  const sockets = listSockets(storage);
  const answers = await Promise.all(
    sockets.map((socket) => ask(socket, patience).catch(() => "silent" as const)),
  );
  const reports: ProcessReports = { processes: [], silent: [], foreign: [] };
  answers.forEach((answer, index) => {
    const socket = sockets[index];
    if (typeof answer === "object") {
      reports.processes.push(answer);
    } else if (socket !== undefined && answer === "foreign") {
      reports.foreign.push(socket.pid);
    } else if (socket !== undefined && isAlive(socket.pid)) {
      // If nobody listens, the id is that of another process now: systems give the ids of dead processes anew.
      if (answer === "silent") reports.silent.push(socket.pid);
    } else if (socket !== undefined && answer === "gone") {
      remove(socket.file);
    }
  });
  reports.processes.sort((a, b) => b.uptime - a.uptime || a.pid - b.pid);
  return reports;
}

async function ask(target: ProcessSocket, patience: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = withAddress(target, connect);
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (answer: Answer): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(answer);
    };
    const deadline = setTimeout(() => {
      settle("silent");
    }, patience);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BYTES) settle("silent");
    });
    socket.on("end", () => {
      settle(parse(Buffer.concat(chunks)));
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      settle(code === "ECONNREFUSED" || code === "ENOENT" ? "gone" : "silent");
    });
  });
}

function parse(text: Buffer): Answer {
  try {
    const report = JSON.parse(text.toString()) as ProcessReport | null;
    return report?.format === PROCESS_REPORT_FORMAT ? report : "foreign";
  } catch {
    // The process ended in the middle of its answer.
    return "silent";
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It belongs to another user.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
