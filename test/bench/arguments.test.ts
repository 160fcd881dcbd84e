/** The command line of the benchmarks. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { commandOf, helpText, parseCommand, UsageError, type RunRequest } from "#bench/arguments";
import { CONTENDER_NAMES } from "#bench/contenders";
import { SCENARIOS } from "#bench/scenarios";

function requestOf(...args: string[]): RunRequest {
  const command = parseCommand(args);
  assert.ok(command.name === "run");
  return command.request;
}

describe("the benchmarks' arguments", () => {
  it("run everything in 5 rounds by default", () => {
    assert.deepEqual(requestOf(), {
      scenarios: SCENARIOS.map(({ name }) => name),
      contenders: CONTENDER_NAMES,
      rounds: 5,
      quick: false,
      accessories: 150,
    });
  });

  it("choose scenarios and contenders, in the order of reports", () => {
    const { scenarios, contenders } = requestOf("--scenario", "burst,codec", "--contenders=limit, hapwire");
    assert.deepEqual(scenarios, ["codec", "burst"]);
    assert.deepEqual(contenders, ["hapwire", "limit"]);
  });

  it("set sizes and files", () => {
    const sizes = ["--rounds", "3", "--connections", "16", "--accessories", "20"];
    const command = parseCommand([...sizes, "--json", "a.json", "--html", "a.html", "--goals"]);
    assert.ok(command.name === "run");
    const { rounds, connections, accessories } = command.request;
    assert.deepEqual([rounds, connections, accessories], [3, 16, 20]);
    assert.equal(command.json, "a.json");
    assert.deepEqual(command.outputs, { html: "a.html", goals: true });
    assert.deepEqual(parseCommand([]), { name: "run", request: requestOf(), outputs: { goals: false } });
  });

  it("show a stored result, with a report and the goals", () => {
    assert.deepEqual(parseCommand(["--from", "a.json"]), {
      name: "show",
      from: "a.json",
      outputs: { goals: false },
    });
    assert.deepEqual(parseCommand(["--goals", "--from", "a.json", "--html", "a.html"]), {
      name: "show",
      from: "a.json",
      outputs: { html: "a.html", goals: true },
    });
  });

  it("take fewer rounds for a quick look, unless told otherwise", () => {
    assert.equal(requestOf("--quick").rounds, 2);
    assert.equal(requestOf("--quick", "--rounds", "5").rounds, 5);
  });

  it("ask for help or for a list", () => {
    assert.deepEqual(parseCommand(["-h"]), { name: "help" });
    assert.deepEqual(parseCommand(["--list"]), { name: "list" });
  });

  for (const [args, message] of [
    [["--scenario", "coddec"], /--scenario: there is no "coddec"; there are whole-stack, codec, get/],
    [["--contenders", ""], /--contenders: there is no ""/],
    [["--rounds", "0"], /--rounds must be a whole number from 1 to 1000, not "0"/],
    [["--rounds", ""], /not ""/],
    [["--connections", "1.5"], /--connections must be a whole number from 1 to 2000/],
    [["--accessories", "many"], /not "many"/],
    [["--nonsense"], /--nonsense/],
    [["burst"], /burst/],
    [["--from", "a.json", "--rounds", "3"], /--from measures nothing, so --rounds has no use/],
    [["--quick", "--from", "a.json"], /so --quick has no use/],
  ] as const) {
    it(`refuse ${args.join(" ")}`, () => {
      assert.throws(
        () => parseCommand(args),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  it("give the command that repeats the run, without its files", () => {
    assert.equal(commandOf(requestOf("--json", "a.json"), "npm run bench"), "npm run bench");
    const args = ["--quick", "--scenario", "get", "--contenders", "hapwire", "--rounds", "9"];
    const request = requestOf(...args, "--connections", "4", "--accessories", "10");
    const command = commandOf(request, "npx hapwire bench");
    assert.equal(
      command,
      "npx hapwire bench --scenario get --contenders hapwire --rounds 9 --quick --connections 4 --accessories 10",
    );
    assert.deepEqual(requestOf(...command.split(" ").slice(3)), request);
    assert.match(commandOf(request, "npm run bench"), /^npm run bench -- --scenario get /);
  });

  it("are explained under the name of the command that was run", () => {
    const help = helpText("npx hapwire bench");
    assert.ok(help.startsWith("Usage: npx hapwire bench [OPTIONS]\n"));
    assert.doesNotMatch(help, /npm run/);
    assert.ok(helpText("npm run bench").startsWith("Usage: npm run bench -- [OPTIONS]\n"));
  });
});
