// Paths as the person would type them: those below the working directory without it.
import type { Shell } from "./shell.ts";

/** For people only; programs want the whole path. */
export function fromHere({ directory }: Pick<Shell, "directory">, text: string): string {
  return directory === "/" ? text : text.replaceAll(`${directory}/`, "");
}
