// Envoy's bootstrap file, YAML or JSON -> the configuration that the proxy trusts, or every line that is wrong with it.

import { create } from "@bufbuild/protobuf";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { parseYamlDocuments, type YamlDocument } from "#api/yaml.ts";
import { formatFieldPath, parseFieldPath } from "#base/field-path.ts";
import type { BootstrapConfig } from "#proxy/config/bootstrap-config.ts";
import { parseBootstrap } from "#proxy/config/parse-bootstrap.ts";

/** Flags that Envoy lets override the file: `--service-node`, `--service-cluster`. */
export interface NodeOverrides {
  readonly id: string | undefined;
  readonly cluster: string | undefined;
}

export type LoadedBootstrap =
  | { readonly kind: "loaded"; readonly config: BootstrapConfig }
  /** `file:line:column: field: what is wrong`, one each. */
  | { readonly kind: "rejected"; readonly problems: readonly string[] };

type Path = readonly (string | number)[];

function problemAt(document: YamlDocument, path: Path, text: string): string {
  const { file, line, column } = document.positionOf(path);
  const field = formatFieldPath(path);
  return `${file}:${line}:${column}: ${field === "" ? "" : `${field}: `}${text}`;
}

/** `text` is the content of `file`. */
export function loadBootstrap(text: string, file: string, node: NodeOverrides): LoadedBootstrap {
  const yaml = parseYamlDocuments(text, file);
  if (yaml.problems.length > 0) {
    const problems = yaml.problems.map(
      ({ position, message }) => `${file}:${position.line}:${position.column}: ${message}`,
    );
    return { kind: "rejected", problems };
  }
  const [document, second] = yaml.documents;
  if (document === undefined || second !== undefined) {
    const found = second === undefined ? "none" : String(yaml.documents.length);
    return {
      kind: "rejected",
      problems: [`${file}:1:1: A bootstrap file is one document: found ${found}`],
    };
  }
  const read = messageFromJson(BootstrapSchema, document.value);
  if (read.kind === "rejected") {
    const problems = read.problems.map(({ path, message }) => problemAt(document, path, message));
    return { kind: "rejected", problems };
  }
  const message = read.value;
  message.node ??= create(NodeSchema);
  if (node.id !== undefined) message.node.id = node.id;
  if (node.cluster !== undefined) message.node.cluster = node.cluster;
  const parsed = parseBootstrap(message);
  if (parsed.kind === "rejected") {
    return {
      kind: "rejected",
      problems: [problemAt(document, parseFieldPath(parsed.path), parsed.message)],
    };
  }
  return { kind: "loaded", config: parsed.value };
}
