/**
 * The boundary finder against Node's HTTP parser, on random streams: what both accept, they cut alike.
 *
 * `npm test -- http-parsers` runs some thousand streams. For more, or for the streams of one seed:
 * `node dist-test/test/transport/http-parsers.test.js --runs 100000 --seed 1`
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseArgs } from "node:util";

import { RequestBoundaries } from "#src/transport/http/request-boundaries";
import { LIMITS } from "../support/connection-http";
import { parseWithHapwire, parseWithNode, type Seen } from "../support/http-parsers";
import { StreamGenerator } from "../support/http-streams";
import { patient } from "../support/patience";
import { Random } from "../support/random";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3000" }, seed: { type: "string" } },
  strict: false,
});
const runs = Number(values.runs);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);

/** The requests that the boundary finder sees. */
interface Cut {
  /** For each whole request, the bytes of its body. */
  readonly bodySizes: number[];
  readonly fault: string | undefined;
}

function cut(stream: Buffer): Cut {
  const boundaries = new RequestBoundaries(LIMITS);
  const bodySizes: number[] = [];
  for (let rest = stream; rest.length > 0 && boundaries.fault === undefined;) {
    rest = rest.subarray(boundaries.advance(rest));
    if (boundaries.started > bodySizes.length && !boundaries.receiving) {
      bodySizes.push(boundaries.bodySize);
    }
  }
  return { bodySizes, fault: boundaries.fault };
}

function cutAt(stream: Buffer, offsets: readonly number[]): Buffer[] {
  const edges = [0, ...offsets, stream.length];
  return edges
    .slice(1)
    .map((edge, index) => stream.subarray(edges[index], edge))
    .filter(({ length }) => length > 0);
}

/** How many requests of a stream both parsers must have seen alike: none after one that ends the stream for Node. */
function comparable(found: Cut, node: Seen): number {
  const last = node.requests.findIndex(({ isLast }) => isLast);
  return Math.min(found.bodySizes.length, last === -1 ? Infinity : last + 1);
}

function compare(found: Cut, node: Seen, hapwire: Seen): void {
  const count = comparable(found, node);
  const whole = node.requests.filter(({ isWhole }) => isWhole);
  // Node may refuse more, such as a method that it does not know, and then so does the connection.
  const accepted = node.error === undefined ? count : Math.min(count, whole.length);
  whole.slice(0, accepted).forEach(({ line, body }, index) => {
    assert.equal(body.length, found.bodySizes[index], `the body of ${line}`);
  });
  assert.ok(whole.length >= accepted, "Node has seen fewer requests");
  if (found.fault === undefined && node.error === undefined && count === found.bodySizes.length) {
    assert.ok(whole.length <= count, "Node has seen more requests");
  }
  assert.notEqual(hapwire.error, "ERR_HAPWIRE_PARSER_MISMATCH");
  const served = hapwire.requests.filter(({ isWhole }) => isWhole);
  assert.ok(served.length <= found.bodySizes.length, "a request was served that was not cut out");
  const handed = whole.slice(0, count).filter(({ isAnswered }) => !isAnswered);
  handed.slice(0, served.length).forEach(({ line, body }, index) => {
    assert.deepEqual({ line, body }, { line: served[index]?.line, body: served[index]?.body });
  });
  if (hapwire.error === undefined && !hapwire.isEnding) {
    assert.ok(served.length + hapwire.answered >= found.bodySizes.length, "a request was not served");
    assert.equal(found.fault, undefined);
  }
}

describe("RequestBoundaries and Node's parser", () => {
  it(
    `cut ${String(runs)} random streams alike (seed ${String(seed)})`,
    { timeout: patient(3_600_000) },
    async (t) => {
      const counts = { accepted: 0, refused: 0, requests: 0 };
      for (let run = 0; run < runs; run += 1) {
        const generator = new StreamGenerator(new Random(seed, run));
        const stream = generator.next();
        const found = cut(stream);
        const segments = cutAt(stream, generator.cuts(stream.length));
        const [node, hapwire] = [await parseWithNode(stream), await parseWithHapwire(segments)];
        try {
          compare(found, node, hapwire);
        } catch (error) {
          const what = { run, stream: stream.toString("latin1"), found, node, hapwire };
          throw new Error(`seed ${String(seed)}: ${JSON.stringify(what, undefined, 1)}`, { cause: error });
        }
        counts[hapwire.error === undefined ? "accepted" : "refused"] += 1;
        counts.requests += found.bodySizes.length;
      }
      t.diagnostic(
        `${process.version}, llhttp ${process.versions["llhttp"] ?? "unknown"}: ${JSON.stringify(counts)}`,
      );
    },
  );
});
