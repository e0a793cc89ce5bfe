// The mesh settings that one translation goes by.
import { DEFAULT_MESH_SETTINGS, type MeshSettings } from "../model/mesh-settings.ts";
import type { Snapshot } from "../model/snapshot.ts";

export function meshOf(snapshot: Snapshot): MeshSettings {
  return snapshot.mesh ?? DEFAULT_MESH_SETTINGS;
}
