// Listeners in /config_dump: one entry a name, with each state that the name is in (active while its successor warms, say).
import { create } from "@bufbuild/protobuf";
import {
  type ListenersConfigDump,
  type ListenersConfigDump_DynamicListener,
  ListenersConfigDump_DynamicListenerSchema,
  ListenersConfigDump_DynamicListenerStateSchema,
  ListenersConfigDump_StaticListenerSchema,
  ListenersConfigDumpSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import { type Listener, ListenerSchema } from "#api/envoy/config/listener/v3/listener_pb.ts";
import { unreachable } from "#base/assert.ts";
import type { ConfigGroup, ConfigResource } from "../admin-state.ts";
import { nackedState, packState, strayRejections } from "./dump-state.ts";

export function dumpListeners(
  group: ConfigGroup<Listener>,
  isWanted: (name: string) => boolean,
): ListenersConfigDump {
  const dump = create(ListenersConfigDumpSchema, { versionInfo: group.versionInfo });
  const dynamic = new Map<string, ListenersConfigDump_DynamicListener>();
  const entryOf = (name: string): ListenersConfigDump_DynamicListener => {
    const known = dynamic.get(name);
    if (known !== undefined) return known;
    const entry = create(ListenersConfigDump_DynamicListenerSchema, { name });
    dynamic.set(name, entry);
    return entry;
  };
  for (const resource of group.resources) {
    const { name } = resource.message;
    if (!isWanted(name)) continue;
    if (resource.state === "static") {
      const { packed: listener, lastUpdated } = packState(ListenerSchema, resource);
      dump.staticListeners.push(
        create(ListenersConfigDump_StaticListenerSchema, { listener, lastUpdated }),
      );
    } else {
      addState(entryOf(name), resource);
    }
  }
  for (const rejected of group.rejected) {
    const entry = dynamic.get(rejected.name);
    if (entry !== undefined) Object.assign(entry, nackedState(ListenerSchema, rejected));
  }
  for (const rejected of strayRejections(group, isWanted)) {
    Object.assign(entryOf(rejected.name), nackedState(ListenerSchema, rejected));
  }
  dump.dynamicListeners.push(...dynamic.values());
  return dump;
}

function addState(
  entry: ListenersConfigDump_DynamicListener,
  resource: ConfigResource<Listener>,
): void {
  const { versionInfo, packed: listener, lastUpdated } = packState(ListenerSchema, resource);
  const state = create(ListenersConfigDump_DynamicListenerStateSchema, {
    versionInfo,
    listener,
    lastUpdated,
  });
  switch (resource.state) {
    case "active":
      entry.activeState = state;
      return;
    case "warming":
      entry.warmingState = state;
      return;
    case "draining":
      entry.drainingState = state;
      return;
    case "static":
      return;
  }
  unreachable(resource.state);
}
