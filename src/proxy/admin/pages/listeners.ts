// /listeners: every address that is listened on.
import { create } from "@bufbuild/protobuf";
import { ListenersSchema } from "#api/envoy/admin/v3/listeners_pb.ts";
import { messageToJson } from "#api/json.ts";
import { formatAddress } from "../../upstream/host.ts";
import { type AdminResponse, jsonResponse, textResponse } from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";
import { socketAddress } from "./host-health.ts";

export function listenersPage(
  state: AdminState,
  parameters: ReadonlyMap<string, string>,
): AdminResponse {
  const listeners = state.listeners();
  if (parameters.get("format") === "json") {
    const message = create(ListenersSchema, {
      listenerStatuses: listeners.map((listener) => ({
        name: listener.name,
        localAddress: socketAddress(listener.address),
      })),
    });
    return jsonResponse(messageToJson(ListenersSchema, message, { names: "proto" }));
  }
  return textResponse(
    listeners.map(({ name, address }) => `${name}::${formatAddress(address)}\n`).join(""),
  );
}
