// Writes src/pilot/config/validate/crd-schemas.json, the schemas that configuration is held to, from Istio's published
// CustomResourceDefinitions (src/api/definitions/istio-crds.yaml). Run: bun tools/generate-crd-schemas.ts
// With --check it writes nothing, and fails when what it would write is not what is there.
import { join } from "node:path";
import { parseYamlDocuments } from "../src/api/yaml.ts";
import { KINDS } from "../src/pilot/model/object.ts";

const root: string = join(import.meta.dir, "..");
const SOURCE = join(root, "src/api/definitions/istio-crds.yaml");
const TARGET = join(root, "src/pilot/config/validate/crd-schemas.json");
const GROUP = "networking.istio.io";
const VERSION = "v1";

type Schema = Record<string, unknown>;

/** Schemas that occur more than once are written once: DestinationRule repeats its traffic policy four times. */
const SHORTEST_SHARED = 200;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), value);
}

/** Keywords that ajv understands as they are. */
const KEPT = new Set([
  "type",
  "enum",
  "format",
  "maximum",
  "minimum",
  "maxItems",
  "minItems",
  "maxLength",
  "minLength",
  "maxProperties",
  "pattern",
  "required",
]);

/** Keywords that say nothing about a document: words for people, and hints for Kubernetes' storage. */
const DROPPED = new Set([
  "description",
  "nullable", // null means unset everywhere; the validator takes it away before it looks
  "x-kubernetes-preserve-unknown-fields", // on `status` only, which is not ours to check
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
]);

/** One OpenAPI v3 structural schema -> JSON schema, with keywords of our own (validate/keywords.ts). */
function convert(schema: Schema): Schema {
  const out: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (KEPT.has(key)) out[key] = value;
    else if (key === "properties" && isObject(value)) {
      out["properties"] = mapValues(value, convert);
      out["additionalProperties"] = false;
    } else if (key === "additionalProperties" && isObject(value)) {
      out["additionalProperties"] = convert(value);
    } else if (key === "items" && isObject(value)) {
      out["items"] = convert(value);
    } else if (key === "x-kubernetes-validations" && Array.isArray(value)) {
      out["celRules"] = value.map(({ rule, message }) => ({ rule, message }));
    } else if (key === "x-kubernetes-list-map-keys") {
      out["uniqueBy"] = value;
    } else if (key === "oneOf" || key === "allOf") {
      out["atMostOneOf"] = exclusiveGroups(key, value);
    } else if (key === "anyOf" && schema["x-kubernetes-int-or-string"] === true) {
      out["type"] = ["integer", "string"];
    } else if (!DROPPED.has(key)) {
      throw new Error(`Cannot convert the schema: unknown keyword ${key}`);
    }
  }
  return out;
}

function mapValues(object: Record<string, unknown>, change: (schema: Schema) => Schema): Schema {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, change(isObject(value) ? value : {})]),
  );
}

/** Istio writes a protobuf oneof as `oneOf: [not anyOf required…, required a, required b]`; several of them as `allOf`. */
function exclusiveGroups(key: string, value: unknown): string[][] {
  if (!Array.isArray(value)) throw new Error(`Cannot convert the schema: ${key} is not a list`);
  if (key === "allOf")
    return value.flatMap((part) => exclusiveGroups("oneOf", field(part, "oneOf")));
  const [none, ...single] = value;
  const names = single
    .map((part) => field(part, "required"))
    .map((required) => {
      const name = Array.isArray(required) && required.length === 1 ? required[0] : undefined;
      if (typeof name !== "string") throw new Error("Cannot convert the schema: oneOf is no oneof");
      return name;
    });
  if (field(none, "not", "anyOf") === undefined) {
    throw new Error("Cannot convert the schema: oneOf does not allow none");
  }
  return [names];
}

/** Replaces what occurs more than once by references; returns the shared parts by name. */
function share(schemas: Schema): { schemas: Schema; shared: Schema } {
  const counts = new Map<string, number>();
  const count = (schema: unknown): void => {
    if (!isObject(schema)) return;
    const text = JSON.stringify(schema);
    counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const child of Object.values(schema)) count(child);
  };
  count(schemas);
  const names = new Map<string, string>();
  const shared: Schema = {};
  const replace = (schema: unknown, name: string): unknown => {
    if (!isObject(schema)) return schema;
    const text = JSON.stringify(schema);
    const isShared =
      (counts.get(text) ?? 0) > 1 && text.length >= SHORTEST_SHARED && "type" in schema;
    const children = (): Schema =>
      Object.fromEntries(
        Object.entries(schema).map(([key, child]) => [
          key,
          replace(child, key === "items" ? name : key),
        ]),
      );
    if (!isShared) return children();
    let known = names.get(text);
    if (known === undefined) {
      known = name;
      for (let n = 2; known in shared || [...names.values()].includes(known); n += 1)
        known = `${name}${n}`;
      names.set(text, known);
      shared[known] = children();
    }
    return { $ref: `#/$defs/${known}` };
  };
  const out = Object.fromEntries(
    Object.entries(schemas).map(([kind, schema]) => [kind, replace(schema, kind)]),
  );
  return { schemas: out, shared };
}

function specSchema(definition: unknown): Schema {
  const versions = field(definition, "spec", "versions");
  const served = (Array.isArray(versions) ? versions : []).find(
    (version) => field(version, "name") === VERSION && field(version, "served") === true,
  );
  const spec = field(served, "schema", "openAPIV3Schema", "properties", "spec");
  if (!isObject(spec)) throw new Error(`Cannot find the served ${VERSION} schema of a definition`);
  return convert(spec);
}

async function generated(): Promise<string> {
  const file = parseYamlDocuments(await Bun.file(SOURCE).text(), SOURCE);
  if (file.problems.length > 0)
    throw new Error(`Cannot read ${SOURCE}: ${file.problems[0]?.message}`);
  const definitions = new Map(
    file.documents
      .filter(({ value }) => field(value, "spec", "group") === GROUP)
      .map(({ value }) => [field(value, "spec", "names", "kind"), value]),
  );
  const specs = Object.fromEntries(KINDS.map((kind) => [kind, specSchema(definitions.get(kind))]));
  const { schemas, shared } = share(specs);
  // One line a schema: small, and a diff still names what changed.
  const lines = Object.entries({ ...schemas, ...shared }).map(
    ([name, part]) => `    ${JSON.stringify(name)}: ${JSON.stringify(part)}`,
  );
  return `{\n  "$defs": {\n${lines.join(",\n")}\n  }\n}\n`;
}

const text = await generated();
if (process.argv.includes("--check")) {
  if ((await Bun.file(TARGET).text()) !== text) {
    console.error(
      `${TARGET} is not what its definitions give: run bun tools/generate-crd-schemas.ts`,
    );
    process.exit(1);
  }
} else {
  await Bun.write(TARGET, text);
}
