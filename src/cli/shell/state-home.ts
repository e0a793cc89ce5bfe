// Where programs keep what outlives them, by the XDG base directory specification.

/** Below it every program has a folder of its own. Absolute: the specification has relative values ignored. */
export function stateHome(env: Readonly<Record<string, string>>): string {
  const told = env["XDG_STATE_HOME"] ?? "";
  if (told.startsWith("/")) return told;
  return `${env["HOME"] ?? ""}/.local/state`;
}
