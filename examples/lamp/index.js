// A HomeKit lamp that stands alone: `node examples/lamp`. Scan the QR code with the Home app, and switch it on.
// Its keys and pairings are kept in lamp.json of the current folder, or in the file that the command line names.
const ciao = require("@homebridge/ciao");
const { EventedHTTPServer } = require("hapwire");
const { AccessoryPairing, JsonFileStorage } = require("hapwire/pairing");
const qrcode = require("qrcode-terminal");
const { answer } = require("./lamp");

const ADVERTISED = { model: "Hapwire Lamp", category: 5 }; // HomeKit's number for a lamp

async function main(file) {
  const pairing = await AccessoryPairing.open({ storage: new JsonFileStorage(file) });
  const server = new EventedHTTPServer();
  // Pairing answers its own requests. All others of paired controllers go to the lamp.
  pairing.attach(server, answer);
  pairing.on("identify", () => console.log("blink!"));
  server.on("error", fail);
  server.on("listening", (port) => {
    console.log(`listening on port ${port}`);
    advertise(pairing, port);
  });
  server.listen(0);
  if (!pairing.isPaired) {
    qrcode.generate(pairing.setupUri(ADVERTISED.category), { small: true });
    console.log(`setup code: ${pairing.setupCode}`);
  }
  const stop = () => Promise.all([ciao.getResponder().shutdown(), server.close()]).catch(fail);
  process.once("SIGINT", stop).once("SIGTERM", stop);
}

// Advertises the lamp's address on the network, and whether it is paired.
function advertise(pairing, port) {
  const txt = pairing.txtRecord(ADVERTISED);
  const service = ciao.getResponder().createService({ name: "Hapwire Lamp", type: "hap", port, txt });
  service.advertise().catch((error) => console.error(`not advertised: ${error.message}`));
  for (const event of ["paired", "unpaired"]) {
    pairing.on(event, () => {
      console.log(event);
      service.updateTxt(pairing.txtRecord(ADVERTISED));
    });
  }
}

function fail(error) {
  console.error(error.message);
  process.exit(1);
}

main(process.argv[2] ?? "lamp.json").catch(fail);
