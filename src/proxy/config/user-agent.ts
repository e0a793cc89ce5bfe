// What a proxy says it is, in its node: Envoy's user agent fields with our name and version, whatever the bootstrap file says there.
import { clone, create } from "@bufbuild/protobuf";
import { BootstrapSchema } from "#api/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { BuildVersionSchema, type Node, NodeSchema } from "#api/envoy/config/core/v3/base_pb.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";

const NAME = "sampan";
/** "1.4.0", also of "1.4.0-rc.1": Envoy's field has room for the three numbers. */
const NUMBERS = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})/;

function userAgentVersion(version: string): Node["userAgentVersionType"] {
  const numbers = NUMBERS.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return { case: "userAgentVersion", value: version };
  const [majorNumber = 0, minorNumber = 0, patch = 0] = numbers;
  const value = create(BuildVersionSchema, { version: { majorNumber, minorNumber, patch } });
  return { case: "userAgentBuildVersion", value };
}

/** The same bootstrap with our node: what the management server is told, and what the admin pages show. */
export function withUserAgent(bootstrap: BootstrapConfig, version: string): BootstrapConfig {
  const node = clone(NodeSchema, bootstrap.node);
  node.userAgentName = NAME;
  node.userAgentVersionType = userAgentVersion(version);
  node.extensions = []; // of Envoy's build
  const message = clone(BootstrapSchema, bootstrap.message);
  message.node = node;
  return { ...bootstrap, node, message };
}
