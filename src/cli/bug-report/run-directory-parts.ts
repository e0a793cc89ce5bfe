// What a bug report takes from the run directories: what each mesh on this machine is made of, and what its parts printed.
import type { Files } from "#base/files.ts";
import { type FoundMesh, type MeshPart, RECORD_FILE } from "../up/run-directory.ts";
import type { Part, PartContent } from "./collect.ts";

async function readFile(files: Files, path: string): Promise<PartContent> {
  const reading = await files.read(path);
  if (reading.kind === "failed") return { kind: "missing", reason: reading.reason };
  return { kind: "text", text: new TextDecoder().decode(reading.bytes) };
}

export function runDirectoryParts(files: Files, meshes: readonly FoundMesh[]): readonly Part[] {
  return meshes.flatMap(({ name, path, record }) => [
    {
      path: `mesh/${name}/${RECORD_FILE}`,
      read: () => readFile(files, `${path}/${RECORD_FILE}`),
    },
    ...record.parts.flatMap((part) => logParts(files, `mesh/${name}`, path, part)),
  ]);
}

/** The log and what was before it; the latter is there only when the log was long. */
function logParts(
  files: Files,
  folder: string,
  runDirectory: string,
  { log }: MeshPart,
): readonly Part[] {
  return [`${log}.1`, log].map((file) => ({
    path: `${folder}/${file}`,
    keeps: "end",
    isOptional: file !== log,
    read: () => readFile(files, `${runDirectory}/${file}`),
  }));
}
