// What every resource of a configuration dump carries: version, time, and the words of a refusal.
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack, type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ClientResourceStatus,
  type UpdateFailureState,
  UpdateFailureStateSchema,
} from "#api/envoy/admin/v3/config_dump_shared_pb.ts";
import type { ConfigGroup, ConfigResource, RejectedResource } from "../admin-state.ts";

export interface PackedState {
  readonly versionInfo: string;
  readonly packed: Any;
  readonly lastUpdated: Timestamp;
}

export function packState<D extends DescMessage>(
  schema: D,
  resource: ConfigResource<MessageShape<D>>,
): PackedState {
  return {
    versionInfo: resource.versionInfo,
    packed: anyPack(schema, resource.message),
    lastUpdated: timestampFromMs(resource.lastUpdatedMs),
  };
}

export interface NackedState {
  readonly errorState: UpdateFailureState;
  readonly clientStatus: typeof ClientResourceStatus.NACKED;
}

export function nackedState<D extends DescMessage>(
  schema: D,
  rejected: RejectedResource<MessageShape<D>>,
): NackedState {
  const errorState = create(UpdateFailureStateSchema, {
    lastUpdateAttempt: timestampFromMs(rejected.lastAttemptMs),
    details: rejected.details,
    versionInfo: rejected.versionInfo,
    ...(rejected.message === undefined
      ? {}
      : { failedConfiguration: anyPack(schema, rejected.message) }),
  });
  return { errorState, clientStatus: ClientResourceStatus.NACKED };
}

/** The refusal of the update of `name` that is in use, to be shown beside it; nothing when the last one was accepted. */
export function nackedStateOf<D extends DescMessage>(
  schema: D,
  group: ConfigGroup<MessageShape<D>>,
  name: string,
): NackedState | Record<never, never> {
  const rejected = group.rejected.find((candidate) => candidate.name === name);
  return rejected === undefined ? {} : nackedState(schema, rejected);
}

/** Refused resources that no resource in use shows: new names, and updates at fault as a whole (""). */
export function strayRejections<M extends { readonly name: string }>(
  group: ConfigGroup<M>,
  isWanted: (name: string) => boolean,
): readonly RejectedResource<M>[] {
  const shown = new Set(group.resources.map(({ message }) => message.name));
  return group.rejected.filter(({ name }) => !shown.has(name) && (name === "" || isWanted(name)));
}
