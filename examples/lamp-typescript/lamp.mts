// A HomeKit lamp in TypeScript, as an ES module. Scan the QR code with the Home app, and switch the lamp on.
// Its keys and pairings are kept in lamp.json of the current folder, or in the file that the command line names.
import type { ServerResponse } from "node:http";
import { json } from "node:stream/consumers";

import { getResponder } from "@homebridge/ciao";
import { EventedHTTPServer, type HAPConnection } from "hapwire";
import { AccessoryPairing, JsonFileStorage, type RequestHandler } from "hapwire/pairing";
import qrcode from "qrcode-terminal";

/** A characteristic as JSON. */
interface Characteristic {
  readonly iid: number;
  readonly type: string; // one of HomeKit's short types
  readonly perms: readonly ("pr" | "pw" | "ev")[];
  readonly format: "bool" | "int" | "string";
  readonly unit?: "percentage";
  readonly maxValue?: number;
  value?: boolean | number | string;
}

/** The answer for one characteristic, with a status of HAP. */
type Result = Partial<Record<"aid" | "iid" | "value", unknown>> & { readonly status: number };

/** The entry of one characteristic in a write. */
type Change = Partial<Record<"aid" | "iid" | "value" | "ev", unknown>>;

const [OK, READ_ONLY, WRITE_ONLY, NO_EVENTS, UNKNOWN, INVALID] = [0, -70404, -70405, -70406, -70409, -70410];

// The ids of the accessory, its services and its characteristics must stay the same for good.
const AID = 1;
const text = (iid: number, type: string, value: string): Characteristic => {
  return { iid, type, perms: ["pr"], format: "string", value };
};
const perms = ["pr", "pw", "ev"] as const;
const identify: Characteristic = { iid: 2, type: "14", perms: ["pw"], format: "bool" };
const on: Characteristic = { iid: 11, type: "25", perms, format: "bool", value: false };
const percent = { format: "int", unit: "percentage", minValue: 0, maxValue: 100, minStep: 1 } as const;
const brightness: Characteristic = { iid: 12, type: "8", perms, ...percent, value: 100 };
const names = [text(3, "20", "hapwire"), text(4, "21", "Lamp"), text(5, "23", "Hapwire Lamp")];
const information = [identify, ...names, text(6, "30", "0001"), text(7, "52", "1.0.0")];
const services = [
  { iid: 1, type: "3E", characteristics: information }, // accessory information
  { iid: 8, type: "A2", characteristics: [text(9, "37", "1.1.0")] }, // protocol information
  { iid: 10, type: "43", characteristics: [on, brightness], primary: true }, // light bulb
];
const all = services.flatMap(({ characteristics }) => characteristics);
const byId = new Map(all.map((each) => [`${String(AID)}.${String(each.iid)}`, each]));

/** Answers a request of a paired controller. If the promise is rejected, the server answers 500. */
const answer: RequestHandler = async (connection, request, response) => {
  const { pathname, searchParams: query } = new URL(request.url ?? "", "http://lamp");
  const route = `${request.method ?? ""} ${pathname}`;
  if (route === "GET /accessories") return send(response, 200, { accessories: [{ aid: AID, services }] });
  if (route === "PUT /characteristics") {
    return sendEach(response, change(connection, await json(request).catch(() => undefined)));
  }
  if (route !== "GET /characteristics") return send(response, 404, { status: UNKNOWN });
  const ids = query.get("id")?.split(",") ?? [""];
  const isValid = ids.every((id) => /^\d+\.\d+$/.test(id));
  return sendEach(response, isValid ? ids.map((id) => read(connection, id, query)) : undefined);
};

/** Reads a value, and the fields that the query asks for. */
function read(connection: HAPConnection, id: string, query: URLSearchParams): Result {
  const [aid = 0, iid = 0] = id.split(".").map(Number);
  const { value, type, perms, ...meta } = byId.get(id) ?? {};
  if (value === undefined) return { aid, iid, status: perms === undefined ? UNKNOWN : WRITE_ONLY };
  const ev = connection.hasEventNotifications(aid, iid);
  const fields = Object.entries({ meta, perms: { perms }, type: { type }, ev: { ev } });
  const asked = fields.flatMap(([name, field]) => (query.get(name) === "1" ? [field] : []));
  return Object.assign({}, ...asked, { aid, iid, status: OK, value }) as Result;
}

/** Does all that a body of JSON asks for. Returns undefined if the body is malformed. */
function change(connection: HAPConnection, body: unknown): Result[] | undefined {
  const { characteristics: changes } = Object(body) as { characteristics?: unknown };
  if (!Array.isArray(changes) || changes.includes(null)) return undefined;
  return changes.map((each) => write(connection, Object(each) as Change));
}

/** Subscribes, writes a value, or both. */
function write(connection: HAPConnection, { aid, iid, value, ev }: Change): Result {
  const found = byId.get(`${String(aid)}.${String(iid)}`);
  let status = found === undefined ? UNKNOWN : OK;
  if (found && ev !== undefined) status = subscribe(connection, found, ev);
  if (found && status === OK && value !== undefined) status = setValue(connection, found, value);
  return { aid, iid, status };
}

function subscribe(connection: HAPConnection, found: Characteristic, ev: unknown): number {
  if (!found.perms.includes("ev")) return NO_EVENTS;
  connection[ev === true ? "enableEventNotifications" : "disableEventNotifications"](AID, found.iid);
  return OK;
}

function setValue(connection: HAPConnection, found: Characteristic, value: unknown): number {
  if (!found.perms.includes("pw")) return READ_ONLY;
  const number = Number(value ?? NaN); // controllers also write true as 1
  if (!Number.isInteger(number) || number < 0 || number > (found.maxValue ?? 1)) return INVALID;
  const wanted = found.format === "bool" ? number === 1 : number;
  if (found === identify) console.log("blink!");
  else if (found.value !== wanted) {
    found.value = wanted;
    console.log(`${on.value === true ? "on" : "off"}, ${String(brightness.value)} %`);
    connection.server.broadcastEvent(AID, found.iid, wanted, connection); // to all but the one that did it
  }
  return OK;
}

/** If one characteristic has failed, each is answered with its status. */
function sendEach(response: ServerResponse, results: readonly Result[] | undefined): ServerResponse {
  if (results === undefined) return send(response, 400, { status: INVALID });
  if (results.some(({ status }) => status !== OK)) return send(response, 207, { characteristics: results });
  if (results.every(({ value }) => value === undefined)) return response.writeHead(204).end();
  return send(response, 200, { characteristics: results.map((each) => ({ ...each, status: undefined })) });
}

function send(response: ServerResponse, status: number, body: object): ServerResponse {
  return response.writeHead(status, { "Content-Type": "application/hap+json" }).end(JSON.stringify(body));
}

const ADVERTISED = { model: "Hapwire Lamp", category: 5 }; // HomeKit's number for a lamp
const pairing = await AccessoryPairing.open({ storage: new JsonFileStorage(process.argv[2] ?? "lamp.json") });
const server = new EventedHTTPServer();
pairing.attach(server, answer);
pairing.on("identify", console.log.bind(console, "blink!"));
server.on("listening", (port) => {
  console.log("listening on port", port);
  const txt = pairing.txtRecord(ADVERTISED);
  const service = getResponder().createService({ name: ADVERTISED.model, type: "hap", port, txt });
  service.advertise().catch(console.error);
  for (const event of ["paired", "unpaired"] as const) {
    pairing.on(event, () => {
      console.log(event);
      service.updateTxt(pairing.txtRecord(ADVERTISED));
    });
  }
});
server.listen(0);
if (!pairing.isPaired) {
  qrcode.generate(pairing.setupUri(ADVERTISED.category), { small: true });
  console.log(`setup code: ${pairing.setupCode}`);
}
const stop = (): void => void Promise.all([getResponder().shutdown(), server.close()]);
process.once("SIGINT", stop).once("SIGTERM", stop);
