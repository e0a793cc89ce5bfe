// Who may import whom, as data, and the check that holds every file to it. Run by tools/layers.test.ts.
import { Glob } from "bun";

/** Room -> rooms it may import besides itself. `proxy/route` and `proxy/config` are doors of the proxy that explain may use. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  codec: ["base"],
  api: ["base"],
  xds: ["base", "api"],
  proxy: ["base", "codec", "api", "xds"],
  pilot: ["base", "api", "xds"],
  release: ["base", "api"],
  preflight: ["base"],
  explain: ["base", "api", "proxy/route", "proxy/config"],
  io: ["base", "xds", "api", "pilot"],
  cli: ["*"],
  dashboard: ["*"],
};

/** Rooms that `io` may import types of only: the ports that it implements are declared there. */
const IO_TYPES_ONLY = new Set(["pilot"]);

/** Package -> the files or folders below src/ that may import it; everything else takes our own name for it. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@bufbuild/protobuf": ["api/", "xds/", "proxy/", "pilot/", "io/grpc/", "explain/", "cli/"],
  yaml: ["api/yaml.ts"],
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

const SYSTEM: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/, "the real clock: take a Clock"],
  [/\b(?:setTimeout|setInterval|setImmediate)\s*\(/, "a real timer: take Timers"],
  [
    /\bMath\.random\b|\bcrypto\.(?:random|getRandom)/,
    "real randomness: take a Random (Math.random included)",
  ],
  [/\bprocess\.|\bglobalThis\.process\b/, "the process: io/ and the composition roots only"],
  [/\bBun\./, "Bun: io/ and the composition roots only"],
  [/\bfetch\s*\(|\bnew WebSocket\b/, "a real socket: take a Net"],
];

const IMPORT =
  /(?:^|[\s;}])(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"']+)["']|\bimport\(\s*["'`]([^"'`]+)["'`]/gm;

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Comments and strings hold no code: they are blanked, imports excepted, with every line kept. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:"'`\\])\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]/g, " "),
  );
}

function withoutStrings(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split("\n").length;

/** `#room/x` or a relative path -> path below src/; undefined for a package. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (!specifier.startsWith(".")) return undefined;
  const parts = file.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function checkImport(file: string, specifier: string, typeOnly: boolean): string | undefined {
  const room = file.split("/")[0] ?? "";
  const isTest = file.endsWith(".test.ts");
  const isRoot = COMPOSITION_ROOTS.includes(file);
  if (/^(?:node:|bun:|bun$)/.test(specifier)) {
    if (room === "io" || isRoot || isTest) return undefined;
    return `${specifier} outside io/ and the composition roots`;
  }
  const path = target(file, specifier);
  if (path === undefined) {
    if (isTest) return undefined;
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

export function checkFile(file: string, source: string): Violation[] {
  const violations: Violation[] = [];
  const text = withoutComments(source);
  for (const match of text.matchAll(IMPORT)) {
    const specifier = match[3] ?? match[4] ?? "";
    const message = checkImport(file, specifier, match[2] !== undefined);
    if (message !== undefined) violations.push({ file, line: lineOf(text, match.index), message });
  }
  const room = file.split("/")[0];
  if (room === "io" || file.endsWith(".test.ts") || COMPOSITION_ROOTS.includes(file)) {
    return violations;
  }
  const code = withoutStrings(text);
  for (const [pattern, message] of SYSTEM) {
    const found = pattern.exec(code);
    if (found !== null) violations.push({ file, line: lineOf(code, found.index), message });
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
  for await (const file of new Glob("**/*.ts").scan({ cwd: `${root}/src` })) {
    fileCount += 1;
    if (file.endsWith("_pb.ts") || file === "api/registry.ts") continue;
    violations.push(...checkFile(file, await Bun.file(`${root}/src/${file}`).text()));
  }
  return { fileCount, violations };
}
