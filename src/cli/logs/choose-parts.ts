// Which parts of a mesh a person means by names and by `-c`.
import { nearest } from "#base/nearest.ts";
import type { MeshPart } from "../up/run-directory.ts";

export type Container = "program" | "sidecar";

const isSidecar = ({ kind }: MeshPart): boolean => kind === "sidecar" || kind === "hostSidecar";

/** No names: all of them. "reviews" and "reviews-v1" mean every instance whose name begins so. */
export function chooseParts(
  parts: readonly MeshPart[],
  names: readonly string[],
  container: Container | undefined,
): readonly MeshPart[] {
  return parts.filter(
    (part) =>
      (names.length === 0 || names.some((name) => isMeant(part.name, name, parts))) &&
      (container === undefined || isSidecar(part) === (container === "sidecar")),
  );
}

function isMeant(partName: string, typed: string, parts: readonly MeshPart[]): boolean {
  if (partName === typed) return true;
  const isExact = parts.some(({ name }) => name === typed);
  return !isExact && partName.startsWith(`${typed}-`);
}

/** The first name that means no part, as a sentence; undefined when all are known. */
export function whyUnknown(
  parts: readonly MeshPart[],
  names: readonly string[],
): string | undefined {
  const unknown = names.find((name) => chooseParts(parts, [name], undefined).length === 0);
  if (unknown === undefined) return undefined;
  const known = [...new Set(parts.map(({ name }) => name))];
  const near = nearest(unknown, known);
  const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return `No part "${unknown}" in this mesh: ${hint}`;
}
