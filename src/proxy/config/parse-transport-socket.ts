// envoy.config.core.v3.TransportSocket: plain text is the only one there is.
import type { TransportSocket } from "#api/envoy/config/core/v3/base_pb.ts";
import { RawBufferSchema } from "#api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import { quoted } from "#base/log.ts";
import { typeNameOf, unpackAs } from "./any.ts";
import type { Field } from "./field.ts";

/** Rejects at `parent.transport_socket` whatever is not a raw buffer. */
export function checkPlainText(parent: Field, socket: TransportSocket | undefined): void {
  if (socket === undefined) return;
  const any = socket.configType.case === "typedConfig" ? socket.configType.value : undefined;
  if (unpackAs(RawBufferSchema, any) !== undefined) return;
  const what = any === undefined ? socket.name : typeNameOf(any);
  parent
    .child("transport_socket")
    .reject(`not supported: TLS and other transport sockets: got ${quoted(what)}`);
}
