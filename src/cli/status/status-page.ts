// The state of the meshes of this machine as one page.
import pc from "picocolors";
import { formatDuration } from "#base/duration.ts";
import { parseRfc3339Ms } from "#base/rfc3339.ts";
import { plain } from "../shell/plain.ts";
import { formatTable } from "../shell/table.ts";
import type { MeshStatus, PartStatus, StatusReport } from "./mesh-status.ts";

/** More than this is for `sampan validate` or the pilot's page. */
const MAX_PROBLEMS = 10;
const MAX_PROBLEM_CHARACTERS = 500;

/** What a person has to look at. */
const IS_BAD = new Set(["unhealthy", "stopped", "silent", "rejected", "away"]);
const IS_UNSETTLED = new Set(["starting", "behind", "unknown"]);

export interface PageOptions {
  readonly wallMs: number;
  readonly hasColor: boolean;
}

/** "up 3m12s": whole seconds. */
function age(startedAt: string, wallMs: number): string {
  const startedMs = parseRfc3339Ms(startedAt);
  if (startedMs === undefined) return "";
  const seconds = Math.max(0, Math.round((wallMs - startedMs) / 1000));
  return `, up ${formatDuration(seconds * 1000)}`;
}

function partRow({ name, kind, health, config, address, pid }: PartStatus): readonly string[] {
  return [
    plain(name),
    kind === "hostSidecar" ? "host sidecar" : kind,
    health,
    config ?? "-",
    plain(address ?? "-"),
    pid === undefined ? "-" : String(pid),
  ];
}

/** Colours whole cells: the table is made before. */
function paintStates(table: string, hasColor: boolean): string {
  const { red, yellow, green } = pc.createColors(hasColor);
  return table.replace(/(?<= {2})[a-z]+(?= {2})/g, (word) => {
    if (IS_BAD.has(word)) return red(word);
    if (IS_UNSETTLED.has(word)) return yellow(word);
    return word === "healthy" || word === "live" ? green(word) : word;
  });
}

function problemLines(problems: readonly string[]): readonly string[] {
  if (problems.length === 0) return [];
  const rest = problems.length - MAX_PROBLEMS;
  return [
    `Problems of the configuration: ${problems.length}`,
    ...problems.slice(0, MAX_PROBLEMS).map((text) => `  ${plain(text, MAX_PROBLEM_CHARACTERS)}`),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ];
}

function meshLines(mesh: MeshStatus, { wallMs, hasColor }: PageOptions): readonly string[] {
  const { bold } = pc.createColors(hasColor);
  const { proxies, parts, urls, http, pilotError } = mesh;
  const table = formatTable([
    ["PART", "KIND", "HEALTH", "CONFIG", "ADDRESS", "PID"],
    ...parts.map(partRow),
  ]);
  return [
    `${bold(`Mesh ${mesh.name}`)}  ${plain(mesh.directory)}`,
    `pid ${mesh.pid}${age(mesh.startedAt, wallMs)}, data plane ${plain(mesh.dataPlane)}`,
    "",
    ...paintStates(table, hasColor).trimEnd().split("\n"),
    "",
    ...(pilotError === undefined
      ? [
          `Configuration live on ${proxies.live} proxies, behind on ${proxies.behind}, rejected by ${proxies.rejected}`,
        ]
      : [plain(pilotError.split("\n")[0] ?? "")]),
    ...problemLines(mesh.problems),
    ...urls.map((url) => `Open   ${plain(url)}`),
    `Pilot  http://${plain(http)}`,
  ];
}

/** An empty line between meshes. */
export function statusLines(report: StatusReport, options: PageOptions): readonly string[] {
  return report.meshes.flatMap((mesh, index) => [
    ...(index === 0 ? [] : [""]),
    ...meshLines(mesh, options),
  ]);
}
