// The user agent of a proxy's node, as a management server reads it.
import { expect, test } from "bun:test";
import { create, toJson } from "@bufbuild/protobuf";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";
import { parseBootstrap } from "./parse-bootstrap.ts";
import { withUserAgent } from "./user-agent.ts";

function bootstrapOf(node: Parameters<typeof create<typeof NodeSchema>>[1]): BootstrapConfig {
  const message = create(BootstrapSchema, { node: create(NodeSchema, node) });
  const parsed = parseBootstrap(message);
  if (parsed.kind === "rejected") throw new Error(parsed.message);
  return parsed.value;
}

const build = (majorNumber: number, minorNumber: number, patch?: number): object => ({
  userAgentBuildVersion: { version: { majorNumber, minorNumber, ...(patch && { patch }) } },
});

test.each([
  ["1.4.2", build(1, 4, 2)],
  ["12.34.0", build(12, 34)],
  ["2.1.3-rc.1", build(2, 1, 3)],
  ["dev", { userAgentVersion: "dev" }],
])("version %s", (version, expected) => {
  const { node } = withUserAgent(bootstrapOf({ id: "n" }), version);
  expect(toJson(NodeSchema, node)).toEqual({ id: "n", userAgentName: "sampan", ...expected });
});

test("what the file says it is does not count, everything else does, and the admin pages show the same", () => {
  const bootstrap = bootstrapOf({
    id: "n",
    cluster: "c",
    metadata: { NAMESPACE: "shop" },
    userAgentName: "envoy",
    userAgentVersionType: { case: "userAgentVersion", value: "1.40.0" },
    extensions: [{ name: "envoy.filters.http.lua" }],
  });
  const { node, message } = withUserAgent(bootstrap, "1.4.2");
  expect(toJson(NodeSchema, node)).toEqual({
    id: "n",
    cluster: "c",
    metadata: { NAMESPACE: "shop" },
    userAgentName: "sampan",
    ...build(1, 4, 2),
  });
  expect(message.node).toEqual(node);
  expect(bootstrap.node.userAgentName).toBe("envoy");
});
