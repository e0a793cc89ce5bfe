// What of a snapshot is the same for all of its readers: the mesh settings, and the identity of its configuration.
import { DEFAULT_MESH_SETTINGS, type MeshSettings } from "../model/mesh-settings.ts";
import type { Snapshot } from "../model/snapshot.ts";

/** The identity that results which do not look at endpoints may hang on. */
export function configOf(snapshot: Snapshot): object {
  return snapshot.config ?? snapshot;
}

export function meshOf(snapshot: Snapshot): MeshSettings {
  return snapshot.mesh ?? DEFAULT_MESH_SETTINGS;
}
