// Finds the programs of other projects that tests run beside ours; without one its tests are skipped, in CI they fail.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export type Peer =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Where tools/install-peers.sh puts programs. */
export function peerFolders(): readonly string[] {
  const root = process.env["SAMPAN_PEERS"];
  const folders = [join(homedir(), ".cache", "sampan-peers", "bin")];
  return root === undefined ? folders : [join(root, "bin"), ...folders];
}

/** Looks in $SAMPAN_PEERS/bin, ~/.cache/sampan-peers/bin, then PATH. */
export function findPeer(name: string): Peer {
  const folders = [...peerFolders(), ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const folder of folders) {
    const path = join(folder, name);
    if (existsSync(path)) return { kind: "found", path };
  }
  return {
    kind: "missing",
    reason: `${name} is not in $SAMPAN_PEERS/bin, ~/.cache/sampan-peers/bin or PATH`,
  };
}

/** True when tests that need `peer` have to be left out; throws in CI, where nothing may be left out. */
export function mustSkip(peer: Peer): boolean {
  if (peer.kind === "found") return false;
  if (process.env["CI"] === "true") throw new Error(peer.reason);
  console.warn(`skipped: ${peer.reason}`);
  return true;
}
