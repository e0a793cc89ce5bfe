import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import { DEFAULT_MESH_SETTINGS } from "../../model/mesh-settings.ts";
import { parseProxy } from "../../model/parse-proxy.ts";
import type { Proxy } from "../../model/proxy.ts";
import { observationOf } from "./observation.ts";

function proxyWith(metadata: Readonly<Record<string, string>>): Proxy {
  const id = "sidecar~127.0.1.9~a-1.default~default.svc.cluster.local";
  const parsed = parseProxy(create(NodeSchema, { id, metadata: { ...metadata } }));
  return parsed.proxy;
}

// Envoy 1.40 without an admin interface dies of the tap filter.
test.each([
  [
    "tells its admin address, and taps are wanted",
    { SAMPAN_ADMIN_ADDRESS: "127.0.1.9:15000" },
    true,
    "sampan.inbound",
  ],
  ["tells none", {}, true, undefined],
  ["taps are not wanted", { SAMPAN_ADMIN_ADDRESS: "127.0.1.9:15000" }, false, undefined],
])("%s", (_name, metadata, tapEnabled, expected) => {
  const mesh = { ...DEFAULT_MESH_SETTINGS, tapEnabled };
  expect(observationOf(proxyWith(metadata), mesh, "inbound").tapConfigId).toBe(expected);
});
