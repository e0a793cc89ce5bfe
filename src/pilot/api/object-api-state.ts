// What reading and writing objects over the API have in common: what they work on, and how an object is found by its path.
import type { Clock } from "#base/clock.ts";
import type { HttpServiceResponse } from "#base/http-service.ts";
import type { ConfigStore } from "../config/store.ts";
import { type ConfigObject, objectKey } from "../model/object.ts";
import type { Liveness } from "../push/liveness.ts";
import type { ObjectRecords } from "./object-records.ts";
import type { ObjectAddress } from "./object-request.ts";
import type { StatusAbout } from "./status.ts";

export interface ObjectApiState {
  readonly store: ConfigStore;
  readonly records: ObjectRecords;
  readonly clock: Clock;
  readonly liveness: (object: ConfigObject) => Liveness | undefined;
}

export type Answer = HttpServiceResponse | Promise<HttpServiceResponse>;

export function findObject(
  { store }: ObjectApiState,
  to: ObjectAddress,
  name: string = to.name ?? "",
): ConfigObject | undefined {
  const key = objectKey({ kind: to.names.kind, namespace: to.namespace, name });
  return store.list().find((object) => objectKey(object) === key);
}

export const aboutOf = ({ names, name = "" }: ObjectAddress): StatusAbout => ({ names, name });
