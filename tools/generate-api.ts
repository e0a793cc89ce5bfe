// Writes src/api/{envoy,istio,...}/**_pb.ts and src/api/registry.ts from src/api/definitions/api.binpb. Run: npm run api
// With --check it writes nothing, and fails when what it would write is not what is there.
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescFile, fromBinary, toBinary } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import * as wellKnown from "@bufbuild/protobuf/wkt";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { API_TYPES } from "./api-types.ts";

const root: string = join(import.meta.dir, "..");
const API = join(root, "src/api");
const ISTIO_FILES =
  /^(?:analysis|extensions|mesh|meta|networking|security|telemetry|type)\/v1(?:alpha|beta)\d\//;
/** Istio's files carry no vendor folder in their names; they get one, so that src/api shows whose they are. */
const housed = (name: string): string => (ISTIO_FILES.test(name) ? `istio/${name}` : name);

async function housedDescriptors(): Promise<Uint8Array> {
  const bytes = await Bun.file(join(API, "definitions/api.binpb")).bytes();
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  for (const file of set.file) {
    file.name = housed(file.name);
    file.dependency = file.dependency.map(housed);
  }
  return toBinary(FileDescriptorSetSchema, set);
}

async function generate(into: string): Promise<void> {
  const image = join(into, "api.binpb");
  await Bun.write(image, await housedDescriptors());
  const template = {
    version: "v2",
    inputs: [{ binary_image: image, types: API_TYPES }],
    plugins: [
      {
        local: ["bun", join(root, "node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es")],
        out: join(into, "gen"),
        opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"],
      },
    ],
  };
  const binary = join(root, "node_modules/.bin/buf");
  const run = Bun.spawn([binary, "generate", "--template", JSON.stringify(template)], {
    cwd: into,
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` },
  });
  if ((await run.exited) !== 0) throw new Error("Cannot generate the API: buf generate failed");
}

/** What the plugin wrote into a file: the symbol of its descriptor, the descriptor, the symbols of what it imports. */
const FILE_DESC =
  /export const (file_\w+): GenFile = .*\n\s*fileDesc\("([^"]*)"(?:, \[([^\]]*)\])?\);/;
/** Imports of other files' descriptors: the one registry knows them. */
const FILE_IMPORT = /^import \{ file_\w+(?:, file_\w+)* \} from "[^"]+";\n/gm;

interface Generated {
  /** "envoy/config/cluster/v3/cluster_pb.ts" */
  readonly path: string;
  readonly text: string;
  readonly proto: FileDescriptorProto;
}

/** The plugin leaves out JSON names that follow from the field's name; a registry wants them. */
function restoreJsonNames(message: DescriptorProto): void {
  for (const field of message.field)
    if (field.jsonName === "") field.jsonName = protoCamelCase(field.name);
  for (const nested of message.nestedType) restoreJsonNames(nested);
}

const WELL_KNOWN: ReadonlyMap<string, DescFile> = new Map(
  Object.entries(wellKnown).flatMap(([symbol, value]) =>
    symbol.startsWith("file_") ? [[symbol, value as DescFile] as const] : [],
  ),
);

/** Reads the descriptors back out of the plugin's files, with the names of what each imports. */
function readGenerated(files: ReadonlyMap<string, string>): readonly Generated[] {
  const found = [...files].map(([path, text]) => {
    const match = FILE_DESC.exec(text);
    if (match === null) throw new Error(`Cannot find the descriptor in ${path}`);
    const [, symbol = "", encoded = "", imports = ""] = match;
    const proto = fromBinary(FileDescriptorProtoSchema, base64Decode(encoded));
    for (const message of proto.messageType) restoreJsonNames(message);
    return { path, text, symbol, proto, imports: imports.split(",").map((name) => name.trim()) };
  });
  const nameOf = new Map(found.map(({ symbol, proto }) => [symbol, proto.name]));
  for (const { proto, imports } of found) {
    proto.dependency = imports
      .filter((symbol) => symbol !== "")
      .map((symbol) => {
        const name = nameOf.get(symbol) ?? WELL_KNOWN.get(symbol)?.proto.name;
        if (name === undefined) throw new Error(`Cannot find ${symbol}, imported by ${proto.name}`);
        return name;
      });
  }
  return found;
}

/** What is imported stands before what imports it, well-known types first. */
function inOrder(files: readonly Generated[]): FileDescriptorProto[] {
  const byName = new Map([
    ...[...WELL_KNOWN.values()].map(({ proto }) => [proto.name, proto] as const),
    ...files.map(({ proto }) => [proto.name, proto] as const),
  ]);
  const ordered = new Set<FileDescriptorProto>();
  const visit = (name: string): void => {
    const proto = byName.get(name);
    if (proto === undefined || ordered.has(proto)) return;
    for (const dependency of proto.dependency) visit(dependency);
    ordered.add(proto);
  };
  for (const { proto } of files) visit(proto.name);
  return [...ordered];
}

/**
 * The plugin makes each file build its own descriptor with all that it imports, which costs every process a fifth of a second.
 * One set for all of them, built once, costs a fifth of that.
 */
function descriptorsSource(files: readonly Generated[]): string {
  const set = create(FileDescriptorSetSchema, { file: inOrder(files) });
  return [
    "// Generated by tools/generate-api.ts: the descriptors of every file of src/api, built once for all of them.",
    'import { createFileRegistry, type DescFile, type FileRegistry, fromBinary } from "@bufbuild/protobuf";',
    'import { base64Decode } from "@bufbuild/protobuf/wire";',
    'import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";',
    "",
    `const ENCODED = "${base64Encode(toBinary(FileDescriptorSetSchema, set))}";`,
    "",
    "/** Every message by name, for google.protobuf.Any and JSON. */",
    "export const REGISTRY: FileRegistry = createFileRegistry(",
    "  fromBinary(FileDescriptorSetSchema, base64Decode(ENCODED)),",
    ");",
    "",
    "/** The descriptor of one file, as the generated files next to it ask for it. */",
    "export function descFile(name: string): DescFile {",
    "  const file = REGISTRY.getFile(name);",
    '  if (file === undefined) throw new Error("Assertion failed: no descriptor of a generated file");',
    "  return file;",
    "}",
    "",
  ].join("\n");
}

function withSharedDescriptor({ path, text, proto }: Generated): string {
  const up = "../".repeat(path.split("/").length - 1);
  return text
    .replace(FILE_DESC, `export const $1: GenFile =\n  descFile("${proto.name}");`)
    .replace(FILE_IMPORT, "")
    .replace(
      /import \{ ([^}]*) \} from "@bufbuild\/protobuf\/codegenv2";/,
      (_line, names: string) => {
        const left = names.split(", ").filter((name) => name !== "fileDesc");
        const own = `import { descFile } from "${up}registry.ts";`;
        return left.length === 0
          ? own
          : `import { ${left.join(", ")} } from "@bufbuild/protobuf/codegenv2";\n${own}`;
      },
    );
}

/** Path below src/api -> content, of everything that is generated. */
async function generated(): Promise<ReadonlyMap<string, string>> {
  const into = await mkdtemp(join(tmpdir(), "sampan-api-"));
  try {
    await generate(into);
    const files = (await readdir(join(into, "gen"), { recursive: true }))
      .filter((file) => file.endsWith("_pb.ts"))
      .sort();
    if (files.length === 0) throw new Error("Cannot generate the API: buf wrote no file");
    const texts = new Map<string, string>();
    for (const file of files) texts.set(file, await Bun.file(join(into, "gen", file)).text());
    const read = readGenerated(texts);
    const contents = new Map(read.map((file) => [file.path, withSharedDescriptor(file)]));
    contents.set("registry.ts", descriptorsSource(read));
    return contents;
  } finally {
    await rm(into, { recursive: true });
  }
}

async function present(): Promise<readonly string[]> {
  const files = await readdir(API, { recursive: true });
  return files.filter((file) => file.endsWith("_pb.ts") || file === "registry.ts");
}

async function check(contents: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const wrong = (await present()).filter((file) => !contents.has(file));
  for (const [file, text] of contents) {
    const path = join(API, file);
    if (!existsSync(path) || (await Bun.file(path).text()) !== text) wrong.push(file);
  }
  return wrong;
}

async function main(): Promise<void> {
  const contents = await generated();
  if (process.argv.includes("--check")) {
    const wrong = await check(contents);
    if (wrong.length === 0) return;
    console.error(`src/api is not what npm run api writes: ${wrong.join(", ")}`);
    process.exit(1);
  }
  for (const file of await present()) await rm(join(API, file));
  for (const [file, text] of contents) await Bun.write(join(API, file), text);
  console.log(`${contents.size} files written to src/api`);
}

await main();
