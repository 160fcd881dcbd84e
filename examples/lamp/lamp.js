// What the lamp is and does: its accessory database, and the requests that read and write it.
const { json } = require("node:stream/consumers");

const [OK, READ_ONLY, WRITE_ONLY, NO_EVENTS, UNKNOWN, INVALID] = [0, -70404, -70405, -70406, -70409, -70410]; // of HAP

// Services and characteristics have HomeKit's short types. Their ids must stay the same for good.
const text = (iid, type, value) => ({ iid, type, perms: ["pr"], format: "string", value });
const perms = ["pr", "pw", "ev"];
const on = { iid: 11, type: "25", perms, format: "bool", value: false };
const percent = { format: "int", unit: "percentage", minValue: 0, maxValue: 100, minStep: 1 };
const brightness = { iid: 12, type: "8", perms, ...percent, value: 100 };
const FIELDS = { meta: Object.keys(percent), perms: ["perms"], type: ["type"], ev: ["ev"] };
const identify = { iid: 2, type: "14", perms: ["pw"], format: "bool" };
const maker = [text(3, "20", "hapwire"), text(4, "21", "Lamp"), text(5, "23", "Hapwire Lamp")];
const release = [text(6, "30", "0001"), text(7, "52", "1.0.0")];
const services = [
  { iid: 1, type: "3E", characteristics: [identify, ...maker, ...release] }, // accessory information
  { iid: 8, type: "A2", characteristics: [text(9, "37", "1.1.0")] }, // protocol information
  { iid: 10, type: "43", characteristics: [on, brightness], primary: true }, // light bulb
];
const all = services.flatMap(({ characteristics }) => characteristics);
const find = (aid, iid) => (aid === 1 ? all.find((each) => each.iid === iid) : undefined);

// Answers a request. The server answers 500 if the promise is rejected.
async function answer(connection, request, response) {
  const [path, query] = request.url.split("?");
  const route = `${request.method} ${path}`;
  if (route === "GET /accessories") return send(response, 200, { accessories: [{ aid: 1, services }] });
  if (route === "GET /characteristics") return sendEach(response, read(connection, query));
  const body = await json(request).catch(() => undefined);
  if (route === "PUT /prepare" && body?.ttl > 0) {
    // A timed write must follow in time, with the same pid.
    clearTimeout(connection.timedWriteTimeout);
    connection.timedWritePid = body.pid;
    const forget = () => (connection.timedWritePid = undefined);
    connection.timedWriteTimeout = setTimeout(forget, Math.min(body.ttl, 2 ** 31 - 1)); // the longest of a timer
    return send(response, 200, { status: OK });
  }
  if (route !== "PUT /characteristics") return send(response, 404, { status: UNKNOWN });
  const { characteristics: writes } = body ?? {};
  if (!Array.isArray(writes) || writes.includes(null)) return sendEach(response, undefined);
  const isInTime = body.pid === undefined || body.pid === connection.timedWritePid;
  if (body.pid !== undefined) connection.timedWritePid = undefined;
  const write = ({ aid, iid, ...change }) => {
    return { aid, iid, status: isInTime ? apply(connection, find(aid, iid), change) : INVALID };
  };
  return sendEach(response, writes.map(write));
}

// Controllers may ask for more than the value: meta=1, perms=1, type=1, ev=1. Returns undefined if an id is malformed.
function read(connection, search) {
  const { id: ids = "", ...query } = Object.fromEntries(new URLSearchParams(search));
  const asked = Object.keys(FIELDS).flatMap((name) => (query[name] === "1" ? FIELDS[name] : []));
  if (!/^\d+\.\d+(,\d+\.\d+)*$/.test(ids)) return undefined;
  return ids.split(",").map((id) => {
    const [aid, iid] = id.split(".").map(Number);
    const found = find(aid, iid);
    if (!found?.perms.includes("pr")) return { aid, iid, status: found ? WRITE_ONLY : UNKNOWN };
    const known = { ...found, ev: connection.hasEventNotifications(aid, iid) };
    const fields = ["value", ...asked].map((name) => [name, known[name]]);
    return { aid, iid, status: OK, ...Object.fromEntries(fields) };
  });
}

// Subscribes, writes a value, or both. Returns HAP's status.
function apply(connection, found, { value, ev }) {
  if (found === undefined) return UNKNOWN;
  if (ev !== undefined) {
    if (!found.perms.includes("ev")) return NO_EVENTS;
    connection[ev === true ? "enableEventNotifications" : "disableEventNotifications"](1, found.iid);
  }
  if (value === undefined || !found.perms.includes("pw")) return value === undefined ? OK : READ_ONLY;
  const number = Number(value ?? NaN); // controllers also write true as 1
  if (!isAllowed(number, found)) return INVALID;
  if (found === identify) console.log("blink!");
  else setValue(connection, found, found === on ? number === 1 : number);
  return OK;
}

const isAllowed = (number, { maxValue = 1 }) => Number.isInteger(number) && number >= 0 && number <= maxValue;
function setValue(connection, found, value) {
  if (found.value === value) return;
  found.value = value;
  console.log(`${on.value ? "on" : "off"}, ${brightness.value} %`);
  connection.server.broadcastEvent(1, found.iid, value, connection); // to all but the controller that did it
}

// If one characteristic has failed, each is answered with its status.
function sendEach(response, results) {
  if (results === undefined) return send(response, 400, { status: INVALID });
  if (results.some(({ status }) => status !== OK)) return send(response, 207, { characteristics: results });
  if (results.every(({ value }) => value === undefined)) return response.writeHead(204).end();
  return send(response, 200, { characteristics: results.map((each) => ({ ...each, status: undefined })) });
}

function send(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/hap+json" }).end(JSON.stringify(body));
}

module.exports = { answer };
