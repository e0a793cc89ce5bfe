// Messages from the YAML or JSON that users write, for tests.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { formatJsonProblem, messageFromJson } from "#api/json.ts";
import { parseYamlDocuments } from "#api/yaml.ts";
import { assert } from "#base/assert.ts";

/** Reads a message from plain JSON; throws with what is wrong. */
export function readMessage<Desc extends DescMessage>(
  schema: Desc,
  json: unknown,
): MessageShape<Desc> {
  const read = messageFromJson(schema, json);
  if (read.kind === "rejected") throw new Error(read.problems.map(formatJsonProblem).join("\n"));
  return read.value;
}

export function readYaml<Desc extends DescMessage>(schema: Desc, yaml: string): MessageShape<Desc> {
  const { documents, problems } = parseYamlDocuments(yaml, "test.yaml");
  assert(problems.length === 0, problems.map(({ message }) => message).join("\n"));
  return readMessage(schema, documents[0]?.value ?? {});
}
