// A controller on hapwire's frame codec: `node examples/rig HOST:PORT XXX-XX-XXX`. It pairs with an accessory by the setup
// code, subscribes to everything, and prints the events. Ctrl+C removes its pairing again.
const PairingProtocol = require("hap-controller/lib/protocol/pairing-protocol").default;
const HttpClient = require("hap-controller/lib/transport/ip/http-client").default;
const { Connection } = require("./connection");

async function main([target = "", setupCode = ""]) {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(target) ?? [];
  if (port === undefined || !/^\d{3}-\d\d-\d{3}$/.test(setupCode)) {
    throw new Error("usage: node examples/rig HOST:PORT XXX-XX-XXX");
  }
  // hap-controller does the pair-setup. What stays of it are the long-term keys of both sides.
  const client = new HttpClient("rig", host, Number(port));
  await client.pairSetup(setupCode);
  const pairing = client.getLongTermData();
  console.log("paired");
  const connection = await Connection.open(host, port);
  await verify(connection, pairing);
  connection.on("event", ({ characteristics }) => {
    characteristics.forEach(({ aid, iid, value }) => console.log(`${aid}.${iid} = ${JSON.stringify(value)}`));
  });
  console.log(`subscribed to ${await subscribeToAll(connection)} characteristics`);
  const unpair = async () => {
    connection.close();
    const paired = new HttpClient("rig", host, Number(port), pairing);
    await paired.removePairing(Buffer.from(pairing.iOSDevicePairingID, "hex"));
    console.log("unpaired");
    await Promise.all([client.close(), paired.close()]);
  };
  process.once("SIGINT", () => unpair().catch(fail));
}

// Pair-verify: M1 to M4, written and read by hap-controller. After it, both sides send frames.
async function verify(connection, pairing) {
  const protocol = new PairingProtocol(pairing);
  const post = (body) => connection.request("POST", "/pair-verify", body, "application/pairing+tlv8");
  await protocol.parsePairVerifyM2(await post(await protocol.buildPairVerifyM1()));
  await protocol.parsePairVerifyM4(await post(await protocol.buildPairVerifyM3()));
  const keys = protocol.getSessionKeys();
  connection.secure(keys.ControllerToAccessoryKey, keys.AccessoryToControllerKey);
}

// Subscribes to each characteristic that has events. Returns their number.
async function subscribeToAll(connection) {
  const { accessories } = JSON.parse(await connection.request("GET", "/accessories"));
  const all = accessories.flatMap(({ aid, services }) =>
    services.flatMap((service) => service.characteristics.map((found) => ({ ...found, aid }))),
  );
  const withEvents = all.filter(({ perms }) => perms.includes("ev"));
  const characteristics = withEvents.map(({ aid, iid }) => ({ aid, iid, ev: true }));
  await connection.request("PUT", "/characteristics", JSON.stringify({ characteristics }));
  return characteristics.length;
}

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

main(process.argv.slice(2)).catch(fail);
