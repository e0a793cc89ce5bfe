// envoy.config.core.v3.Address -> where to listen or connect.
import { type Address, SocketAddress_Protocol } from "#api/envoy/config/core/v3/address_pb.ts";
import { isIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import type { Field } from "./field.ts";

/** "ip": a literal address only. "name": a host name too, to be resolved. */
export type AddressKind = "ip" | "name";

const NOWHERE: SocketAddress = { host: "0.0.0.0", port: 0 };

export function parseAddress(
  at: Field,
  address: Address | undefined,
  kind: AddressKind,
): SocketAddress {
  if (address === undefined || address.address.case !== "socketAddress") {
    at.reject("socket_address is required");
    return NOWHERE;
  }
  const socket = address.address.value;
  const inside = at.child("socket_address");
  if (socket.protocol !== SocketAddress_Protocol.TCP)
    inside.child("protocol").reject("only TCP is supported");
  if (socket.resolverName !== "") {
    inside.child("resolver_name").reject("not supported: names are resolved by the runtime");
  }
  if (socket.portSpecifier.case === "namedPort") {
    inside.child("named_port").reject("not supported: use port_value");
    return NOWHERE;
  }
  if (kind === "ip" && !isIp(socket.address)) {
    inside.child("address").reject(`malformed IP address: ${quoted(socket.address)}`);
  }
  return { host: socket.address, port: socket.portSpecifier.value ?? 0 };
}
