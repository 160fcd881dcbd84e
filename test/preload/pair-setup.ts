/** What a pair-setup costs a bridge: its messages M1 and M3, in which SRP computes, with the preload and without. */

import PairingProtocol from "hap-controller/lib/protocol/pairing-protocol";

import { median } from "#bench/statistics";
import { HapServerProcess } from "../support/hap-server";
import { postTlv } from "../support/pairing";

/** Pair-setups; the median counts. One more comes first and does not count. */
const SETUPS = 9;

/** Of one message and its answer, in milliseconds. */
export interface StepCost {
  readonly cpu: number;
  /** How long the server did nothing else. */
  readonly stall: number;
}

export interface SetupCost {
  /** M1 is any stranger's, as long as the bridge is not paired. */
  readonly m2: StepCost;
  readonly m4: StepCost;
}

/** Each on a connection of its own, up to M4: then both sides have proved that they know the setup code. */
export async function costOfSetup(preload: boolean): Promise<SetupCost> {
  const server = await HapServerProcess.start({
    packageName: "@homebridge/hap-nodejs",
    preload,
    paired: false,
  });
  try {
    await server.longestStall();
    const costs: SetupCost[] = [];
    for (let i = 0; i <= SETUPS; i += 1) {
      costs.push(await setUp(server));
    }
    const counted = costs.slice(1);
    return { m2: medianOf(counted.map(({ m2 }) => m2)), m4: medianOf(counted.map(({ m4 }) => m4)) };
  } finally {
    await server.stop();
  }
}

async function setUp(server: HapServerProcess): Promise<SetupCost> {
  const controller = await server.connect();
  const protocol = new PairingProtocol();
  const post = async (body: Buffer): Promise<[Buffer, StepCost]> => {
    const before = await server.cpuTime();
    const answer = await postTlv(controller, "/pair-setup", body);
    const cpu = ((await server.cpuTime()) - before) / 1_000;
    return [answer.body, { cpu, stall: await server.longestStall() }];
  };
  const [m2, first] = await post(await protocol.buildPairSetupM1());
  const m3 = await protocol.buildPairSetupM3(await protocol.parsePairSetupM2(m2), server.pin);
  const [m4, second] = await post(m3);
  await protocol.parsePairSetupM4(m4);
  controller.destroy();
  return { m2: first, m4: second };
}

function medianOf(steps: readonly StepCost[]): StepCost {
  return { cpu: median(steps.map(({ cpu }) => cpu)), stall: median(steps.map(({ stall }) => stall)) };
}
