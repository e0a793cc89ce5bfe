// The mesh on this machine that a person means: the only one that runs, or the one that is named.
import { nearest } from "#base/nearest.ts";
import type { Shell } from "../shell/shell.ts";
import { type FoundMesh, findMeshes } from "../up/run-directory.ts";

export type PickedMesh =
  | { readonly kind: "found"; readonly mesh: FoundMesh }
  /** `message` is a whole sentence with the next step. */
  | { readonly kind: "failed"; readonly message: string };

const NONE = 'No mesh runs on this machine: start one with "sampan up".';

/** `name`: of its run directory, as `sampan status` shows it. */
export async function pickMesh(shell: Shell, name: string | undefined): Promise<PickedMesh> {
  const meshes = (await findMeshes(shell.files, shell.env)).filter(({ isRunning }) => isRunning);
  const [first] = meshes;
  if (first === undefined) return { kind: "failed", message: NONE };
  const names = meshes.map((mesh) => mesh.name);
  if (name === undefined) {
    if (meshes.length === 1) return { kind: "found", mesh: first };
    const message = `Several meshes run on this machine: name one of them with --mesh ${names.join("|")}`;
    return { kind: "failed", message };
  }
  const mesh = meshes.find((candidate) => candidate.name === name);
  if (mesh !== undefined) return { kind: "found", mesh };
  const near = nearest(name, names);
  const hint = near === undefined ? `there is ${names.join(", ")}` : `did you mean ${near}?`;
  return { kind: "failed", message: `No mesh "${name}" runs on this machine: ${hint}` };
}
