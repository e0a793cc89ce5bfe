// The state of a mesh on this machine: what its run directory says is there, and what its pilot knows of it.
import type { PilotClient } from "../client/pilot-client.ts";
import type { FoundMesh, MeshPart, PartKind } from "../up/run-directory.ts";

/** The shape of `sampan status -o json`. */
export interface StatusReport {
  readonly meshes: readonly MeshStatus[];
}

export interface MeshStatus {
  /** The name for --mesh: the port of the pilot's HTTP side. */
  readonly name: string;
  /** The process of `sampan up`. */
  readonly pid: number;
  /** The folder of configuration. */
  readonly directory: string;
  readonly dataPlane: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** host:port of the pilot's HTTP side. */
  readonly http: string;
  /** host:port of the pilot's xDS. */
  readonly xds: string;
  /** What to open in a browser. */
  readonly urls: readonly string[];
  /** Why the pilot does not answer; undefined when it does. */
  readonly pilotError?: string;
  /** Connected proxies by what is live on them. */
  readonly proxies: { readonly live: number; readonly behind: number; readonly rejected: number };
  readonly parts: readonly PartStatus[];
  /** What is wrong with the configuration, a sentence each, with file, line and column. */
  readonly problems: readonly string[];
}

export interface PartStatus {
  readonly name: string;
  readonly kind: PartKind;
  /** Of instances "healthy", "unhealthy" or "starting"; of everything else "running"; "stopped" without a process. */
  readonly health: string;
  /** Of proxies "live", "behind", "rejected" or "away"; an instance has its sidecar's. */
  readonly config?: string;
  readonly address?: string;
  readonly pid?: number;
}

/** What is read of the pilot's pages. */
interface ProxyState {
  readonly name: string;
  readonly namespace: string;
  readonly state: "live" | "behind" | "rejected";
}
interface ProblemText {
  readonly text: string;
}

export interface PilotView {
  readonly error?: string;
  readonly proxies: readonly ProxyState[];
  readonly problems: readonly string[];
}

export async function lookAtPilot(pilot: PilotClient): Promise<PilotView> {
  const [proxies, problems] = await Promise.all([
    pilot.get<readonly ProxyState[]>("/debug/syncz"),
    pilot.get<readonly ProblemText[]>("/debug/problemz"),
  ]);
  const failed = [proxies, problems].find(({ kind }) => kind !== "answered");
  return {
    ...(failed !== undefined && failed.kind !== "answered" ? { error: failed.message } : {}),
    proxies: proxies.kind === "answered" ? proxies.value : [],
    problems: problems.kind === "answered" ? problems.value.map(({ text }) => text) : [],
  };
}

function statesByPart({ proxies }: PilotView): ReadonlyMap<string, string> {
  return new Map(
    proxies.map(({ name, namespace, state }) => [
      namespace === "default" ? name : `${name}.${namespace}`,
      state,
    ]),
  );
}

function describePart(part: MeshPart, view: PilotView, sidecar: MeshPart | undefined): PartStatus {
  const { name, kind, address, pid } = part;
  const shared = {
    name,
    kind,
    ...(address === undefined ? {} : { address }),
    ...(pid === undefined ? {} : { pid }),
  };
  if (pid === undefined) return { ...shared, health: "stopped" };
  const known = view.error === undefined;
  const state = statesByPart(view).get(name) ?? (known ? "away" : "unknown");
  if (kind === "pilot") return { ...shared, health: known ? "running" : "silent" };
  if (kind !== "instance") return { ...shared, health: "running", config: state };
  const health = part.health ?? "starting";
  return sidecar === undefined ? { ...shared, health } : { ...shared, health, config: state };
}

export function describeMesh({ name, record }: FoundMesh, view: PilotView): MeshStatus {
  const { pid, directory, dataPlane, startedAt, http, xds, urls, parts } = record;
  const countOf = (wanted: string): number =>
    view.proxies.filter(({ state }) => state === wanted).length;
  const sidecarOf = (part: MeshPart): MeshPart | undefined =>
    parts.find((other) => other.kind === "sidecar" && other.name === part.name);
  return {
    ...{ name, pid, directory, dataPlane, startedAt, http, xds, urls },
    ...(view.error === undefined ? {} : { pilotError: view.error }),
    proxies: { live: countOf("live"), behind: countOf("behind"), rejected: countOf("rejected") },
    parts: parts
      .filter(({ kind }) => kind !== "sidecar")
      .map((part) => describePart(part, view, sidecarOf(part))),
    problems: view.problems,
  };
}
