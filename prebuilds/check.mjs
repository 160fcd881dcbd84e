// `node prebuilds/check.mjs [--target NAME ...]` checks each prebuilt addon for Linux before it ships. Prints a line for each
// check. Exits with 1 if a check fails.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { symbols as nodeApi } from "node-api-headers";

import { compile } from "./compile.mjs";
import * as elf from "./elf.mjs";
import { loadWithMusl } from "./musl.mjs";
import { runtimeBinary } from "./runtimes.mjs";
import { GLIBC, NODE_API, prebuiltFile, targetsNamed } from "./targets.mjs";

const ROOT = path.join(import.meta.dirname, "..");

const EXPORTS = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];

/** The libraries that an addon may need. musl's loader takes both names for its own libc. It knows no other name of glibc. */
const LIBRARIES = ["libc.so.6", "libm.so.6"];

/** The functions that an addon may need of glibc. Every system that runs the addon must have them. */
const LIBC = new Set([
  ...["abort", "raise", "__assert_fail", "__stack_chk_fail", "__stack_chk_guard"],
  ...["malloc", "free", "memcmp", "memcpy", "memmove", "memset", "strlen", "ceil", "floor"],
]);

/** Weak symbols: those of the start-up code, and on ARM those of the unwinder, which never runs. */
const WEAK = new Set([
  ...["_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable", "__gmon_start__", "__cxa_finalize"],
  // Only glibc has it: native/core/free_memory.h.
  "malloc_trim",
  ...["__gnu_Unwind_Find_exidx", "__cxa_begin_cleanup", "__cxa_call_unexpected", "__cxa_type_match"],
]);

/** The attributes of hard-float armv7 code. `Tag_Advanced_SIMD_arch` would be NEON. */
const ARM_ATTRIBUTES = {
  Tag_CPU_arch: "v7",
  Tag_FP_arch: "VFPv3-D16",
  Tag_ABI_VFP_args: "VFP registers",
  Tag_Advanced_SIMD_arch: undefined,
};

const isNodeApi = (name) => /^(napi|node_api)_/.test(name);
const isOpenSsl = (name) => /^(ERR_|EVP_|OPENSSL_|OpenSSL_|RAND_)/.test(name);
const wanted = (file) => elf.dynamicSymbols(file).filter(({ defined, local }) => !defined && !local);

/** The checks by name. Each returns its finding, and a list of faults. */
const CHECKS = {
  processor(file, target) {
    const found = elf.machine(file);
    const faults = found === target.machine ? [] : [`not ${target.machine}`];
    if (target.arch !== "arm") return { found, faults };
    const attributes = elf.attributes(file);
    for (const [tag, value] of Object.entries(ARM_ATTRIBUTES)) {
      if (attributes.get(tag) !== value) faults.push(`${tag} is ${attributes.get(tag)}, not ${value}`);
    }
    return { found: `${found} ${attributes.get("Tag_CPU_arch")} ${attributes.get("Tag_FP_arch")}`, faults };
  },

  stripped(file) {
    const left = elf.sections(file).filter((name) => /^\.(symtab|debug|note\.gnu\.build-id)/.test(name));
    return {
      found: `${readFileSync(file).length.toLocaleString("en")} bytes`,
      faults: left.map((name) => `has ${name}`),
    };
  },

  exports(file) {
    const names = elf
      .dynamicSymbols(file)
      .filter(({ defined, local }) => defined && !local)
      .map(({ name }) => name)
      .sort();
    return { found: names.join(", "), faults: differences(names, EXPORTS) };
  },

  glibc(file) {
    const versions = [...new Set(wanted(file).map(({ version }) => version))].filter(
      (version) => version !== "",
    );
    const faults = versions
      .filter((version) => !version.startsWith("GLIBC_") || isNewer(version.slice(6), GLIBC))
      .map((version) => `needs ${version}`);
    const newest = versions.map((version) => version.slice(6)).sort((a, b) => (isNewer(a, b) ? -1 : 1))[0];
    return { found: `${newest}, and ${GLIBC} is allowed`, faults };
  },

  libraries(file) {
    const names = elf
      .dynamicSection(file)
      .filter(({ tag }) => tag === "NEEDED")
      .map(({ value }) => value);
    return {
      found: names.join(", "),
      faults: names.filter((name) => !LIBRARIES.includes(name)).map((name) => `needs ${name}`),
    };
  },

  "full RELRO"(file) {
    const flags = elf.dynamicSection(file).filter(({ tag }) => /^FLAGS/.test(tag));
    const parts = {
      GNU_RELRO: elf.segments(file).has("GNU_RELRO"),
      BIND_NOW: flags.some(({ value }) => /\b(BIND_)?NOW\b/.test(value)),
    };
    const faults = Object.keys(parts).filter((part) => !parts[part]);
    return {
      found: Object.keys(parts)
        .filter((part) => parts[part])
        .join(", "),
      faults: faults.map((part) => `lacks ${part}`),
    };
  },

  "no executable stack"(file) {
    const flags = elf.segments(file).get("GNU_STACK");
    return { found: `GNU_STACK ${flags}`, faults: flags === "RW" ? [] : ["must be RW"] };
  },

  "no writable code"(file) {
    const relocated = elf
      .dynamicSection(file)
      .some(({ tag, value }) => tag === "TEXTREL" || /TEXTREL/.test(value));
    return {
      found: relocated ? "TEXTREL" : "no TEXTREL",
      faults: relocated ? ["is relocated in its code"] : [],
    };
  },

  "stack protector"(file) {
    const used = wanted(file).some(({ name }) => name === "__stack_chk_fail");
    return { found: used ? "__stack_chk_fail" : "none", faults: used ? [] : ["was built without"] };
  },

  "undefined symbols"(file) {
    const groups = { "Node-API": 0, OpenSSL: 0, libc: 0, weak: 0 };
    const faults = [];
    for (const { name, version, weak } of wanted(file)) {
      if (isNodeApi(name)) groups["Node-API"] += 1;
      else if (isOpenSsl(name)) groups.OpenSSL += 1;
      else if (weak && WEAK.has(name)) groups.weak += 1;
      else if (version !== "" && LIBC.has(name)) groups.libc += 1;
      else faults.push(`needs ${name}`);
    }
    const found = Object.entries(groups).map(([group, count]) => `${count} ${group}`);
    return { found: found.join(", "), faults };
  },

  [`Node-API ${NODE_API}`](file) {
    const { js_native_api_symbols: engine, node_api_symbols: node } = nodeApi[`v${NODE_API}`];
    const allowed = new Set([...engine, ...node]);
    const used = wanted(file).filter(({ name }) => isNodeApi(name));
    return {
      found: `${used.length} functions`,
      faults: used
        .filter(({ name }) => !allowed.has(name))
        .map(({ name }) => `${name} is of a later version`),
    };
  },

  "exported by Node"(file, target) {
    const names = wanted(file)
      .map(({ name }) => name)
      .filter((name) => isNodeApi(name) || isOpenSsl(name));
    const faults = target.runtimes.flatMap((runtime) => {
      const symbols = elf.dynamicSymbols(runtimeBinary(runtime)).filter(({ defined }) => defined);
      const exported = new Set(symbols.map(({ name }) => name));
      return names.filter((name) => !exported.has(name)).map((name) => `${runtime} has no ${name}`);
    });
    return { found: `${names.length} symbols in ${target.runtimes.join(", ")}`, faults };
  },

  musl(file, target) {
    const names = wanted(file)
      .map(({ name }) => name)
      .filter((name) => isNodeApi(name) || isOpenSsl(name));
    return { found: loadWithMusl(file, target, names), faults: [] };
  },

  reproducible(file, target) {
    const elsewhere = mkdtempSync(path.join(tmpdir(), "hapwire-prebuild-"));
    try {
      const same = readFileSync(compile(target, elsewhere)).equals(readFileSync(file));
      return {
        found: "built again from this source, in another folder",
        faults: same ? [] : ["the bytes are others"],
      };
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  },
};

function isNewer(version, than) {
  return version.localeCompare(than, "en", { numeric: true }) > 0;
}

function differences(found, expected) {
  return [
    ...found.filter((name) => !expected.includes(name)).map((name) => `${name} should not be there`),
    ...expected.filter((name) => !found.includes(name)).map((name) => `${name} is missing`),
  ];
}

/** @returns {boolean} True if every check passes. */
function checkTarget(target) {
  const file = path.join(ROOT, prebuiltFile(target));
  let well = true;
  for (const [name, check] of Object.entries(CHECKS)) {
    const { found, faults } = attempt(() => check(file, target));
    well &&= faults.length === 0;
    const verdict = faults.length === 0 ? "ok    " : "FAILED";
    console.log(
      `${target.name.padEnd(12)} ${verdict} ${name}: ${[found, ...faults].filter(Boolean).join("; ")}`,
    );
  }
  return well;
}

function attempt(check) {
  try {
    return check();
  } catch (error) {
    return { found: "", faults: [error.message] };
  }
}

function parse() {
  try {
    const { values } = parseArgs({ options: { target: { type: "string", multiple: true } } });
    return targetsNamed(values.target ?? []);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

const verdicts = parse().map(checkTarget);
if (verdicts.includes(false)) {
  console.error("prebuilds/check.mjs: FAILED; after a change of the source, run: node prebuilds/build.mjs");
  process.exitCode = 1;
}
