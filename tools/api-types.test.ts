import { expect, test } from "bun:test";
import { type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { formatJsonProblem, messageFromJson, messageToJson } from "#api/json.ts";
import { REGISTRY } from "#api/registry.ts";
import { randomMessage } from "#api/testing/random-message.ts";
import { createSeededRandom } from "#base/random.ts";
import { API_TYPES } from "./api-types.ts";

function topLevelMessages(): DescMessage[] {
  const found: DescMessage[] = [];
  for (const name of API_TYPES) {
    const service = REGISTRY.getService(name);
    const message = REGISTRY.getMessage(name);
    if (message !== undefined) found.push(message);
    for (const method of service?.methods ?? []) found.push(method.input, method.output);
  }
  return found;
}

test("every top-level type is in the registry", () => {
  expect(topLevelMessages().length).toBeGreaterThanOrEqual(API_TYPES.length);
});

test.each(topLevelMessages().map((schema) => [schema.typeName, schema] as const))(
  "JSON -> message -> bytes -> message -> JSON is stable for %s",
  (_, schema) => {
    const anyTypes = [
      "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
      "google.protobuf.Duration",
    ];
    const options = { density: 0.9, maxDepth: 2, anyTypes };
    const json = messageToJson(schema, randomMessage(schema, createSeededRandom(7), options));
    for (const names of ["json", "proto"] as const) {
      const read = messageFromJson(schema, json);
      if (read.kind === "rejected")
        throw new Error(read.problems.map(formatJsonProblem).join("\n"));
      const again = fromBinary(schema, toBinary(schema, read.value));
      expect(messageToJson(schema, again)).toEqual(json);
      const other = messageFromJson(schema, messageToJson(schema, again, { names }));
      expect(other).toEqual(read);
    }
  },
);
