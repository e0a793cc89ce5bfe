// The run directory of a mesh: what it is made of and what its parts print, for other commands, while it runs. Nothing else.
import type { Files } from "#base/files.ts";
import { stateHome } from "../shell/state-home.ts";

/** The kinds of parts; each instance has a sidecar of the same name. */
export const PART_KINDS = ["pilot", "instance", "sidecar", "gateway", "hostSidecar"] as const;
export type PartKind = (typeof PART_KINDS)[number];

export interface MeshPart {
  /** "pilot", "reviews-v1-1", "gateway", "host"; with its namespace behind a dot unless that is the default one. */
  readonly name: string;
  readonly kind: PartKind;
  readonly namespace: string;
  /** Its address in the mesh; of the pilot host:port of its HTTP side. */
  readonly address?: string;
  /** host:port of its admin pages, if it is a proxy. */
  readonly admin?: string;
  /** Left out while it does not run. */
  readonly pid?: number;
  /** Of instances, by their probe: "starting", "healthy", "unhealthy". */
  readonly health?: string;
  /** Below the run directory: "logs/reviews-v1-1.log". What was before stands in the same name with ".1" behind it. */
  readonly log: string;
}

/** The file mesh.json. */
export interface MeshRecord {
  readonly apiVersion: "sampan.dev/v1";
  readonly kind: "Mesh";
  /** The process of `sampan up`. */
  readonly pid: number;
  /** When the kernel started that process, in its own unit: no later one with the same id has the same. "" where it cannot be told. */
  readonly pidStart: string;
  /** The folder of configuration. */
  readonly directory: string;
  readonly dataPlane: string;
  /** host:port of the pilot's xDS. */
  readonly xds: string;
  /** host:port of the pilot's HTTP side. */
  readonly http: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** What to open in a browser: the gateways. */
  readonly urls: readonly string[];
  readonly parts: readonly MeshPart[];
}

export interface FoundMesh {
  /** The name of its directory: the port of the pilot's HTTP side; with the process id behind it where that is taken. */
  readonly name: string;
  /** The run directory. */
  readonly path: string;
  readonly record: MeshRecord;
  /** False: its process was killed, and could not take the directory away. */
  readonly isRunning: boolean;
}

export const RECORD_FILE = "mesh.json";

export const meshesFolder = (env: Readonly<Record<string, string>>): string =>
  `${stateHome(env)}/sampan/meshes`;

const decoder = new TextDecoder();

async function readText(files: Files, path: string): Promise<string | undefined> {
  const reading = await files.read(path);
  return reading.kind === "read" ? decoder.decode(reading.bytes) : undefined;
}

const isText = (value: unknown): value is string => typeof value === "string";

function parsePart(value: unknown): MeshPart | undefined {
  const part = (value ?? {}) as Partial<MeshPart>;
  const { name, kind, namespace, address, admin, pid, health, log } = part;
  if (!isText(name) || !isText(namespace) || !isText(log) || log.includes("..")) return undefined;
  const known = PART_KINDS.find((candidate) => candidate === kind);
  if (known === undefined) return undefined;
  return {
    name,
    kind: known,
    namespace,
    log,
    ...(isText(address) ? { address } : {}),
    ...(isText(admin) ? { admin } : {}),
    ...(typeof pid === "number" ? { pid } : {}),
    ...(isText(health) ? { health } : {}),
  };
}

/** undefined: it is no record of a mesh, or one of a version that we do not know. */
export function parseMeshRecord(text: string): MeshRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const raw = (value ?? {}) as Partial<MeshRecord>;
  const { apiVersion, kind, pid, directory, xds, http } = raw;
  if (apiVersion !== "sampan.dev/v1" || kind !== "Mesh") return undefined;
  if (!Number.isSafeInteger(pid) || pid === undefined || pid <= 0) return undefined;
  if (!isText(directory) || !isText(xds) || !isText(http)) return undefined;
  const { pidStart, dataPlane, startedAt, urls, parts } = raw;
  return {
    apiVersion,
    kind,
    pid,
    pidStart: isText(pidStart) ? pidStart : "",
    directory,
    dataPlane: isText(dataPlane) ? dataPlane : "",
    xds,
    http,
    startedAt: isText(startedAt) ? startedAt : "",
    urls: Array.isArray(urls) ? urls.filter(isText) : [],
    parts: Array.isArray(parts) ? parts.flatMap((part) => parsePart(part) ?? []) : [],
  };
}

/** proc(5): the 22nd field of /proc/PID/stat; the second one, the program's name, may hold anything, also blanks and parentheses. */
export function parseStartTime(stat: string): string {
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return afterName[19] ?? "";
}

/** undefined: no such process. "": this machine does not tell (no /proc). */
export async function startTimeOf(files: Files, pid: number): Promise<string | undefined> {
  const stat = await readText(files, `/proc/${pid}/stat`);
  if (stat !== undefined) return parseStartTime(stat);
  const own = await readText(files, "/proc/self/stat");
  return own === undefined ? "" : undefined;
}

/** Whether the process of a record is there, and is the one that wrote it. Where nobody can tell, it is taken for it. */
export async function isRecordedProcess(
  files: Files,
  { pid, pidStart }: MeshRecord,
): Promise<boolean> {
  const now = await startTimeOf(files, pid);
  if (now === undefined) return false;
  return now === "" || pidStart === "" || now === pidStart;
}

/** Every mesh on this machine that this user started, those that were killed too, by name. */
export async function findMeshes(
  files: Files,
  env: Readonly<Record<string, string>>,
): Promise<readonly FoundMesh[]> {
  const folder = meshesFolder(env);
  const listing = await files.list(folder);
  if ("kind" in listing) return [];
  const found: FoundMesh[] = [];
  for (const { path } of listing) {
    const [name = "", file, ...deeper] = path.split("/");
    if (file !== RECORD_FILE || deeper.length > 0) continue;
    const text = await readText(files, `${folder}/${path}`);
    const record = text === undefined ? undefined : parseMeshRecord(text);
    if (record === undefined) continue;
    const isRunning = await isRecordedProcess(files, record);
    found.push({ name, path: `${folder}/${name}`, record, isRunning });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
