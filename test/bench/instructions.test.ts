/** The counts that `npm run bench:instructions` reads from callgrind, and its verdicts. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { compare, fails, type Baseline } from "#bench/instructions/baseline";
import { parseCallgrind, type CaseCounts } from "#bench/instructions/callgrind";

/** The checkout: this file runs from dist-test/test/bench. */
const ROOT = path.join(__dirname, "..", "..", "..");

/** Two functions of the program, one of a library; calls within the program, out of it, and within the library. */
const PART = `# callgrind format
version: 1
cmd:  build/instructions
desc: Trigger: Client Request: seal 150 B

positions: line
events: Ir
summary: 1166

ob=/usr/lib/libcrypto.so.3
fl=???
fn=EVP_EncryptUpdate
0 800
cfn=helper
calls=2 0
0 100

ob=/home/user/build/instructions
fl=core/frame_sealer.cc
fn=hapwire::FrameSealer::Seal
49 10
51 5
cfi=core/aead.cc
cfn=hapwire::Aead::Seal
calls=3 20
52 900
+3 7
fi=core/bytes.h
8 4
fe=core/frame_sealer.cc

fn=hapwire::Aead::Seal
20 30
cob=/usr/lib/libcrypto.so.3
cfn=EVP_EncryptUpdate
calls=6 0
21 900
cob=/usr/lib/libc.so.6
cfn=memcpy
calls=4 0
22 80

ob=/home/user/build/other-instructions
fn=main
1 1000

totals: 1166
`;

describe("parseCallgrind", () => {
  it("counts the program's own instructions and its calls into libraries", () => {
    assert.deepEqual(parseCallgrind(PART.replace("+3 7", "54 7"), "instructions"), {
      name: "seal 150 B",
      instructions: 10 + 5 + 7 + 4 + 30,
      calls: 6 + 4,
    });
  });

  it("refuses a line that it cannot read, rather than to count less", () => {
    assert.throws(() => parseCallgrind(PART, "instructions"), /\+3 7/);
  });

  it("leaves out instructions that belong to no case", () => {
    const rest = PART.replace("Client Request: seal 150 B", "Client Request");
    assert.equal(parseCallgrind(rest, "instructions"), undefined);
    assert.equal(parseCallgrind(PART.replace(/^desc:.*$/m, ""), "instructions"), undefined);
  });

  it("fails if the program is missing from the output, since a count of nothing means nothing", () => {
    assert.throws(
      () => parseCallgrind(PART, "program"),
      /no instruction of program in the case "seal 150 B"/,
    );
  });
});

describe("compare", () => {
  const baseline: Baseline = {
    compiler: "GCC 12.2.0",
    arch: "x64",
    cases: { seal: { instructions: 1_000, calls: 100 } },
  };
  const judge = (instructions: number, calls: number): string => {
    const [only] = compare([{ name: "seal", instructions, calls }], baseline);
    assert.ok(only !== undefined);
    return `${only.verdict} ${fails(only) ? "fails" : "passes"} ${(only.change * 100).toFixed(1)} %`;
  };

  it("lets a count grow by 3 %, and no further", () => {
    assert.equal(judge(1_000, 100), "same passes 0.0 %");
    assert.equal(judge(1_030, 103), "same passes 3.0 %");
    assert.equal(judge(1_031, 100), "more fails 3.1 %");
    assert.equal(judge(1_000, 104), "more fails 4.0 %");
  });

  it("tells of less, unless the other count grew", () => {
    assert.equal(judge(960, 100), "less passes -4.0 %");
    assert.equal(judge(500, 110), "more fails 10.0 %");
  });

  it("judges a count of 0 too", () => {
    const none: Baseline = { ...baseline, cases: { seal: { instructions: 1_000, calls: 0 } } };
    const verdict = (calls: number): string | undefined =>
      compare([{ name: "seal", instructions: 1_000, calls }], none)[0]?.verdict;
    assert.equal(verdict(0), "same");
    assert.equal(verdict(1), "more");
  });

  it("fails for a case that only one side has", () => {
    const run: CaseCounts[] = [{ name: "open", instructions: 1, calls: 1 }];
    const found = compare(run, baseline);
    assert.deepEqual(
      found.map(({ name, verdict }) => `${name} ${verdict}`),
      ["open new", "seal gone"],
    );
    assert.ok(found.every(fails));
  });
});

describe("bench/instructions.json", () => {
  it("has a count for every case of the program", () => {
    const source = readFileSync(path.join(ROOT, "native/bench/instructions.cc"), "utf8");
    const { cases } = JSON.parse(
      readFileSync(path.join(ROOT, "bench/instructions.json"), "utf8"),
    ) as Baseline;
    const sizes = [...source.matchAll(/CountFrames\("(.+)"/g)].flatMap(([, size = ""]) => [
      `seal ${size}`,
      `open ${size}`,
    ]);
    const events = [...source.matchAll(/\bCount\(\s*"(.+?)"/g)].map(([, name = ""]) => name);
    assert.ok(sizes.length >= 6 && events.length >= 5);
    assert.deepEqual(Object.keys(cases).toSorted(), [...sizes, ...events].toSorted());
  });
});
