// A server with Prometheus metrics: `node examples/metrics`. It prints the URL that Prometheus reads, on this machine alone.
const { createServer } = require("node:http");
const { EventedHTTPServer } = require("hapwire");
const { collectMetrics } = require("hapwire/metrics");
const { Registry } = require("prom-client");

const register = new Registry();
const server = new EventedHTTPServer();
// Counts from here on. Several servers may share a registry: the label `server` has the name.
const stopCollecting = collectMetrics(server, { register, name: "example" });

server.on("request", (connection, request, response) => response.end("{}"));
server.on("listening", (port) => console.log(`accessory on port ${port}`));
server.listen(0);

const metrics = createServer((request, response) => {
  if (request.method !== "GET" || request.url !== "/metrics") {
    response.writeHead(404).end();
    return;
  }
  register.metrics().then(
    (text) => response.writeHead(200, { "Content-Type": register.contentType }).end(text),
    (error) => response.writeHead(500).end(error.message),
  );
});
metrics.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`metrics: http://127.0.0.1:${metrics.address().port}/metrics`);
});

function stop() {
  stopCollecting();
  metrics.close();
  metrics.closeAllConnections();
  server.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
