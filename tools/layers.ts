// Who may import whom, as data, and the check that holds every file to it. Run by tools/layers.test.ts.
import { dirname, join, normalize } from "node:path/posix";
import { Glob } from "bun";
import { checkGlobal, isRequire, OWN } from "./globals.ts";
import { type Import, importsOf } from "./imports.ts";
import { tokensOf } from "./tokens.ts";

/**
 * The doors of the proxy that explain may use: what decides about a request and holds no sockets, so that an explanation is made
 * by the code that routes.
 */
const EXPLAINED: readonly string[] = [
  "proxy/route",
  "proxy/config",
  "proxy/filter/fault/fault-settings.ts",
  "proxy/http/path-normalization.ts",
  "proxy/http/request-headers.ts",
  "proxy/http/underscores.ts",
  "proxy/listener/filter-chain-match.ts",
  "proxy/response-flags.ts",
  "proxy/stream-info.ts",
  "proxy/upstream/health-flag.ts",
  "proxy/upstream/locality-weight.ts",
  "proxy/upstream/priority-load.ts",
];

/** Room -> rooms, or files of one, that it may import besides itself. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  codec: ["base"],
  api: ["base"],
  xds: ["base", "api"],
  proxy: ["base", "codec", "api", "xds"],
  pilot: ["base", "api", "xds"],
  release: ["base", "api"],
  preflight: ["base"],
  explain: ["base", "api", "codec", ...EXPLAINED],
  io: ["base", "xds", "api", "pilot"],
  cli: ["*"],
  dashboard: ["*"],
};

/** Rooms that `io` may import types of only: the ports that it implements are declared there. */
const IO_TYPES_ONLY = new Set(["pilot"]);

/** Package -> the files or folders below src/ that may import it; everything else takes our own name for it. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@bufbuild/protobuf": ["api/", "xds/", "proxy/", "pilot/", "io/grpc/", "explain/", "cli/"],
  yaml: ["api/yaml.ts", "api/yaml-edit.ts", "cli/shell/output.ts"],
  re2js: ["base/regex.ts"],
  ajv: ["pilot/config/validate/"],
  "ajv-formats": ["pilot/config/validate/"],
  "@marcbachmann/cel-js": ["pilot/config/validate/"],
  "@grpc/grpc-js": ["io/grpc/"],
  commander: ["cli/"],
  picocolors: ["cli/"],
};

/** Files that put the system together: they alone, with io/, may name the process and its clock. */
export const COMPOSITION_ROOTS: readonly string[] = [
  "cli/main.ts",
  "cli/pilot.ts",
  "cli/proxy.ts",
  "cli/proxy-worker.ts",
  "cli/up.ts",
];

/** The one file outside src/ that it may import, for its version; the rooms that may import anything may. */
const MANIFEST = "../package.json";

/** Endings that src/ may hold: code that this check reads, and data (completion scripts are data: shells run them). */
const ENDINGS = new Set(["ts", "json", "md", "yaml", "binpb", "bash", "zsh", "fish"]);

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const ownsSystem = (file: string): boolean =>
  file.startsWith("io/") || COMPOSITION_ROOTS.includes(file);

const lineOf = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** `#room/x` or a relative path -> path below src/, which begins with `..` when it leads out; undefined for a package. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return normalize(specifier.slice(1));
  return specifier.startsWith(".") ? join(dirname(file), specifier) : undefined;
}

function checkPackage(file: string, specifier: string): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const places = PACKAGES[name];
  if (places === undefined) return `package ${name} is not in tools/layers.ts`;
  return places.some((place) => file.startsWith(place))
    ? undefined
    : `package ${name} belongs to ${places.join(", ")}`;
}

function checkImport(file: string, { specifier, typeOnly }: Import): string | undefined {
  if (specifier === undefined) return "an import whose target is no plain string";
  const room = file.split("/")[0] ?? "";
  const isTest = file.endsWith(".test.ts");
  if (/^(?:node:|bun:|bun$)/.test(specifier)) {
    return isTest || ownsSystem(file) ? undefined : `${specifier}: ${OWN}`;
  }
  const path = target(file, specifier);
  if (path === undefined) return isTest ? undefined : checkPackage(file, specifier);
  if (path.startsWith("..") && path !== MANIFEST && !isTest) return `${specifier} leads out of src`;
  if (path.endsWith(".test.ts")) return `${specifier} is a test: nothing may import it`;
  const into = path.split("/")[0] ?? "";
  const allowed = ROOMS[room];
  if (allowed === undefined) return `room ${room} is not in tools/layers.ts`;
  if (into === room || allowed.includes("*")) return undefined;
  if (room === "io" && IO_TYPES_ONLY.has(into) && !typeOnly) {
    return `io may import only types of ${into}`;
  }
  if (allowed.some((door) => path === door || path.startsWith(`${door}/`))) return undefined;
  return `${room} may not import ${into} (${specifier})`;
}

/** `file` is the path below src/. */
export function checkFile(file: string, source: string): Violation[] {
  const ending = file.slice(file.lastIndexOf(".") + 1);
  if (!ENDINGS.has(ending)) return [{ file, line: 1, message: `src holds no .${ending} files` }];
  if (ending !== "ts") return [];
  const violations: Violation[] = [];
  const report = (index: number, message: string | undefined): void => {
    if (message !== undefined) violations.push({ file, line: lineOf(source, index), message });
  };
  const tokens = tokensOf(source);
  for (const found of importsOf(tokens)) report(found.index, checkImport(file, found));
  for (const { kind, text, index } of tokens) {
    if (kind === "comment" && /^\/\/\/\s*<reference\b/.test(text)) {
      report(index, "a reference imports past the table: use import");
    }
  }
  const code = tokens.filter(({ kind }) => kind !== "comment");
  const mayReach = ownsSystem(file) || file.endsWith(".test.ts");
  for (const [at, { kind, index }] of code.entries()) {
    if (isRequire(code, at)) report(index, "require: use import");
    if (kind === "name" && !mayReach) report(index, checkGlobal(file, code, at));
  }
  return violations;
}

export interface LayerReport {
  readonly fileCount: number;
  readonly violations: readonly Violation[];
}

export async function checkLayers(root: string): Promise<LayerReport> {
  const violations: Violation[] = [];
  let fileCount = 0;
  for await (const file of new Glob("**/*").scan({ cwd: `${root}/src`, dot: true })) {
    fileCount += 1;
    const isGenerated = file.startsWith("api/") && file.endsWith("_pb.ts");
    if (isGenerated || file === "api/registry.ts") continue;
    const source = file.endsWith(".ts") ? await Bun.file(`${root}/src/${file}`).text() : "";
    violations.push(...checkFile(file, source));
  }
  return { fileCount, violations };
}
