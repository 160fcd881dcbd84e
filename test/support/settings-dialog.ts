/**
 * The settings dialog of the Homebridge UI without the UI: the plugin's page in a frame, as in the UI. The frame has the UI's
 * own script and the UI's content security policy. The dialog's server is a child process.
 */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { ROOT } from "./child";

const DIALOG = path.join(ROOT, "plugin/dist/ui");
const UI_SCRIPT = path.join(ROOT, "node_modules/@homebridge/plugin-ui-utils/dist/ui.js");

const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src * data:; connect-src *; font-src 'self' data:; frame-ancestors 'self'; frame-src 'self'";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

export interface Scene {
  /** Homebridge's storage folder. */
  readonly storage: string;
  readonly isDark?: boolean;
  /** The plugin's blocks of config.json. */
  readonly config?: readonly object[];
}

export class SettingsDialog {
  readonly #scene: Scene;
  readonly #http: Server;
  readonly #server: ChildProcess;

  private constructor(scene: Scene) {
    this.#scene = scene;
    this.#server = fork(path.join(DIALOG, "server.js"), [], {
      silent: true,
      env: { ...process.env, HOMEBRIDGE_STORAGE_PATH: scene.storage },
    });
    this.#http = createServer((request, response) => {
      this.#answer(request.url ?? "/", response).catch(() => {
        response.writeHead(404).end();
      });
    });
  }

  static async open(scene: Scene): Promise<SettingsDialog> {
    const dialog = new SettingsDialog(scene);
    await once(dialog.#server, "message");
    dialog.#http.listen(0, "127.0.0.1");
    await once(dialog.#http, "listening");
    return dialog;
  }

  /** The page around the frame. */
  get url(): string {
    return `http://127.0.0.1:${String((this.#http.address() as AddressInfo).port)}/`;
  }

  close(): void {
    this.#server.kill();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    if (pathname === "/") {
      send(response, ".html", around(this.#scene));
    } else if (pathname === "/ask") {
      const answer = once(this.#server, "message") as Promise<[{ payload: unknown }]>;
      this.#server.send({ action: "request", path: searchParams.get("path"), requestId: "1" });
      const [{ payload }] = await answer;
      send(response, ".js", JSON.stringify(payload));
    } else if (pathname === "/ui.js") {
      send(response, ".js", await readFile(UI_SCRIPT));
    } else if (pathname === "/dialog/") {
      const page = await readFile(path.join(DIALOG, "public/index.html"), "utf8");
      send(response, ".html", framed(page));
    } else {
      const file = path.join(DIALOG, "public", path.basename(pathname));
      send(response, path.extname(file), await readFile(file));
    }
  }
}

function send(response: ServerResponse, extension: string, content: string | Buffer): void {
  response.writeHead(200, {
    "Content-Type": TYPES[extension] ?? "",
    "Content-Security-Policy": extension === ".html" ? POLICY : "",
  });
  response.end(content);
}

/** The document that the UI makes of a plugin's page. */
function framed(page: string): string {
  return `<!doctype html><html><head><meta charset="utf-8"><title>homebridge-hapwire</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script>window._homebridge = { plugin: {}, serverEnv: {} };</script><script src="/ui.js"></script>
<script>addEventListener("load", () => parent.postMessage({ action: "loaded" }, "*"));</script>
</head><body style="display:none;">${page}</body></html>`;
}

/** The UI's part of the dialog. Keeps the frame's requests in `window.asked`. */
function around({ isDark = false, config = [] }: Scene): string {
  return `<!doctype html><meta charset="utf-8"><title>Homebridge</title><link rel="icon" href="data:,">
<style>body { margin: 0; background: ${isDark ? "#242424" : "#fff"} } iframe { display: block; width: 100%; border: 0 }</style>
<iframe src="/dialog/" name="dialog"></iframe>
<script>
  window.asked = [];
  const config = ${JSON.stringify(config)};
  addEventListener("message", async ({ data, source, origin }) => {
    const post = (message) => source.postMessage(message, origin);
    const respond = (answer, success = true) =>
      post({ action: "response", requestId: data.requestId, success, data: answer });
    if (data.action === "loaded") {
      if (${String(isDark)}) post({ action: "body-class", class: "dark-mode" });
      post({ action: "ready" });
    } else if (data.action === "config.get") {
      respond(config);
    } else if (data.action === "request") {
      const { success, data: answer } = await (await fetch("/ask?path=" + encodeURIComponent(data.path))).json();
      respond(answer, success);
    } else if (data.action === "scrollHeight") {
      document.querySelector("iframe").style.height = data.scrollHeight + "px";
    } else {
      window.asked.push(data);
      respond(data.pluginConfig);
    }
  });
</script>`;
}
