/** The settings of the plugin: the form's fields, and the effect of each value in config.json. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { settingsOf } from "homebridge-hapwire/dist/settings";

import { settingsFrom, type ServerOptions } from "#src/options";

import { ROOT } from "../support/child";

interface Field {
  readonly description?: string;
  readonly placeholder?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Schema {
  readonly pluginAlias: string;
  readonly schema: {
    readonly properties: { readonly limits: { readonly properties: Record<string, Field> } };
  };
  readonly layout: readonly (string | { readonly items: readonly string[] })[];
}

const schema = JSON.parse(readFileSync(path.join(ROOT, "plugin/config.schema.json"), "utf8")) as Schema;
const limits = schema.schema.properties.limits.properties;
const defaults = Object.entries(settingsFrom({})).flatMap(([name, value]) =>
  typeof value === "number" ? [[name, value] as const] : [],
);

const UNCHANGED = { name: "hapwire", server: {}, statusPage: undefined };

describe("the form of the settings", () => {
  it("offers every limit of a server by its name, with its default in grey and a help text", () => {
    assert.deepEqual(Object.keys(limits).sort(), defaults.map(([name]) => name).sort());
    for (const [name, value] of defaults) {
      assert.equal(limits[name]?.placeholder, String(value), name);
      assert.ok((limits[name].description ?? "").length > 20, name);
    }
  });

  it("takes exactly the values that a server takes", () => {
    const accepts = (options: ServerOptions): boolean => {
      try {
        settingsFrom(options);
        return true;
      } catch {
        return false;
      }
    };
    for (const [name, { minimum = NaN, maximum = NaN }] of Object.entries(limits)) {
      const verdicts = [minimum - 1, minimum, maximum, maximum + 1].map((value) =>
        accepts({ [name]: value }),
      );
      assert.deepEqual(verdicts, [false, true, true, false], name);
    }
  });

  it("shows every limit", () => {
    const shown = schema.layout.flatMap((entry) => (typeof entry === "string" ? [entry] : entry.items));
    for (const name of Object.keys(limits)) {
      assert.ok(shown.includes(`limits.${name}`), name);
    }
  });
});

describe("the plugin's block of config.json", () => {
  it("changes nothing if only the platform is named", () => {
    assert.deepEqual(settingsOf({ platform: "Hapwire", name: "hapwire" }), UNCHANGED);
  });

  it("is read as the form writes it", () => {
    const config = { name: "fast", engine: "portable", statusPage: 8590, limits: { coalescingDelay: 100 } };
    assert.deepEqual(settingsOf(config), {
      name: "fast",
      server: { engine: "portable", coalescingDelay: 100 },
      statusPage: 8590,
    });
  });

  it("keeps the default of a field that was emptied", () => {
    const config = {
      engine: "automatic",
      statusPage: null,
      limits: { coalescingDelay: null, maxStrangers: "" },
    };
    assert.deepEqual(settingsOf(config), UNCHANGED);
  });

  it("may be anything", () => {
    for (const config of [null, undefined, "text", { limits: 5 }, { limits: null }]) {
      assert.deepEqual(settingsOf(config), UNCHANGED);
    }
  });
});
