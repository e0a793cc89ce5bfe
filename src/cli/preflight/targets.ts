// What `sampan preflight pilot|proxy|up` is about: reads the configuration that its flags name, and says what is wrong with it.
import { parseYamlDocuments } from "#api/yaml.ts";
import type { SocketAddress } from "#base/net.ts";
import { formatProblem, objectName } from "#pilot/model/object.ts";
import type {
  ConfigurationReading,
  PreflightCommand,
  PreflightSettings,
  WantedFolder,
} from "#preflight/settings.ts";
import type { FolderWorld } from "../client/folder-world.ts";
import { loadBootstrap } from "../proxy/load-bootstrap.ts";
import type { Shell } from "../shell/shell.ts";
import { stateHome } from "../shell/state-home.ts";
import { type MeshPlan, planMesh } from "../up/plan.ts";
import { namedCertificates } from "./named-certificates.ts";
import { NOTHING, pilotSettings, proxySettings, upSettings } from "./settings.ts";

export interface TargetFlags {
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  readonly stateDir?: string;
  readonly dataPlane: "sampan" | "envoy";
  readonly hostSidecar: boolean;
  readonly configPath?: string;
  readonly concurrency: number;
}

const absolute = (shell: Shell, path: string): string =>
  path.startsWith("/") ? path : `${shell.directory}/${path}`.replace(/\/\.?$/, "");

interface FolderRead {
  readonly world: FolderWorld | undefined;
  readonly reading: ConfigurationReading;
}

async function readFolder(shell: Shell, folder: string): Promise<FolderRead> {
  // The pilot's validators are a second's work of loading: only where there is a folder.
  const { loadFolderWorld } = await import("../client/folder-world.ts");
  const loaded = await loadFolderWorld(shell, absolute(shell, folder));
  if (loaded.kind === "failed") {
    const reason = `Cannot read the folder ${folder}: ${loaded.reason}`;
    return { world: undefined, reading: { kind: "unreadable", reason } };
  }
  const { world } = loaded;
  const lines = (severity: "error" | "warning"): string[] =>
    world.problems.filter((problem) => problem.severity === severity).map(formatProblem);
  const reading = { kind: "read" as const, errors: lines("error"), warnings: lines("warning") };
  return { world, reading };
}

const byStateDir = (folder: WantedFolder): WantedFolder => ({
  ...folder,
  changedBy: "--state-dir",
});

/** Annotations are `up`'s own, and the validators know nothing of them. */
const withProblems = (
  reading: ConfigurationReading,
  problems: readonly string[],
): ConfigurationReading =>
  reading.kind === "read" ? { ...reading, errors: [...reading.errors, ...problems] } : reading;

/** Settings of a command that reads a folder; without one, of an empty mesh. */
async function meshTarget(
  shell: Shell,
  command: "pilot" | "up",
  folder: string | undefined,
  flags: TargetFlags,
): Promise<PreflightSettings> {
  const read = folder === undefined ? undefined : await readFolder(shell, folder);
  const objects = read?.world?.objects ?? [];
  const places = {
    ...flags,
    stateDirectory: flags.stateDir ?? `${stateHome(shell.env)}/sampan`,
  };
  const plan: MeshPlan = planMesh(objects);
  const isUp = command === "up";
  const settings = isUp ? upSettings({ ...places, plan }) : pilotSettings(places);
  return {
    ...settings,
    // `up` itself has no such flag: who gave it here is told of it.
    ...(flags.stateDir === undefined ? {} : { folders: settings.folders.map(byStateDir) }),
    certificates: objects.flatMap((object) => namedCertificates(object.spec, objectName(object))),
    readConfiguration:
      read === undefined
        ? undefined
        : async () => withProblems(read.reading, isUp ? plan.problems : []),
  };
}

async function proxyTarget(shell: Shell, flags: TargetFlags): Promise<PreflightSettings> {
  const { configPath, concurrency } = flags;
  if (configPath === undefined) return NOTHING;
  const failed = (reading: ConfigurationReading): PreflightSettings => ({
    ...NOTHING,
    readConfiguration: async () => reading,
  });
  const file = await shell.files.read(absolute(shell, configPath));
  if (file.kind === "failed") {
    return failed({ kind: "unreadable", reason: `Cannot read ${configPath}: ${file.reason}` });
  }
  const text = new TextDecoder().decode(file.bytes);
  // Envoy's file may use what our proxy refuses, TLS for one: what it names is looked at all the same.
  const certificates = namedCertificates(
    parseYamlDocuments(text, configPath).documents[0]?.value,
    configPath,
  );
  const loaded = loadBootstrap(text, configPath, { id: undefined, cluster: undefined });
  if (loaded.kind === "rejected") {
    const reading = { kind: "read" as const, errors: loaded.problems, warnings: [] };
    return { ...failed(reading), certificates };
  }
  const settings = proxySettings({ config: loaded.config, concurrency, configPath });
  const reading = { kind: "read" as const, errors: [], warnings: [] };
  return { ...settings, certificates, readConfiguration: async () => reading };
}

export function targetSettings(
  shell: Shell,
  command: PreflightCommand,
  folder: string | undefined,
  flags: TargetFlags,
): Promise<PreflightSettings> {
  return command === "proxy"
    ? proxyTarget(shell, flags)
    : meshTarget(shell, command, folder, flags);
}
