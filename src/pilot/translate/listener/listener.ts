// LDS: the listeners a proxy holds.
import type { Listener } from "#api/envoy/config/listener/v3/listener_pb.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Translated } from "../translated.ts";

/** Every listener of `proxy`, in a stable order; names are unique. */
export function listeners(_proxy: Proxy, _snapshot: Snapshot): readonly Translated<Listener>[] {
  return [];
}
