// A pilot and proxies that run already are of versions that fit to ours.
import { quoted } from "#base/log.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  PASSED,
  warn,
} from "../check.ts";
import type { PreflightSettings } from "../settings.ts";
import { formatVersion, minorsApart, parseVersion } from "../version.ts";
import { formatAddress } from "../words.ts";

export const VERSION_SKEW: CheckDescription = {
  name: "VersionSkew",
  category: "versions",
  severity: "warning",
  summary:
    "the pilot that runs, its proxies and this command line are at most one minor version apart",
  why: "Each version is tested with the one before and the one after it.",
  fix: "upgrade the oldest of them: the pilot first, then the proxies",
};

/** What differs by this many minor versions is tested together. */
const MAX_MINORS_APART = 1;
const ANSWER_LIMIT_MS = 2_000;
const OWN_AGENT = "sampan/";
/** Of proxies that do not fit, so many are named. */
const MAX_NAMED = 5;

/** The answer of a JSON page; undefined when there is none. */
async function ask({ httpClient }: CheckPorts, where: string, path: string): Promise<unknown> {
  const url = `http://${where}${path}`;
  const answer = await httpClient.request({ method: "GET", url, timeoutMs: ANSWER_LIMIT_MS });
  if (answer.kind === "failed" || answer.status !== 200) return undefined;
  try {
    return JSON.parse(answer.body);
  } catch {
    return undefined;
  }
}

function textField(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const field = (value as Readonly<Record<string, unknown>>)[name];
  return typeof field === "string" ? field : undefined;
}

function skewOf(name: string, version: string | undefined, own: string): Finding[] {
  const theirs = parseVersion(version ?? "");
  const ours = parseVersion(own);
  if (theirs === undefined || ours === undefined) return [];
  const apart = minorsApart(theirs, ours);
  if (apart !== undefined && apart <= MAX_MINORS_APART) return [];
  return [
    {
      message: `${name} is version ${formatVersion(theirs)}, this command line ${formatVersion(ours)}: more than one minor version apart`,
      fix: VERSION_SKEW.fix,
    },
  ];
}

/** Proxies that call themselves sampan, "sampan/0.1.0"; Envoys have versions of their own. */
function proxySkews(reports: unknown, own: string): readonly Finding[] {
  if (!Array.isArray(reports)) return [];
  return reports.flatMap((report: unknown) => {
    const agent = textField(report, "userAgent") ?? "";
    if (!agent.startsWith(OWN_AGENT)) return [];
    const name = `proxy ${quoted(textField(report, "name") ?? "?", 80)}`;
    return skewOf(name, agent.slice(OWN_AGENT.length), own);
  });
}

export function versionSkewCheck({ pilot, version }: PreflightSettings): Check {
  return {
    ...VERSION_SKEW,
    async run(ports: CheckPorts) {
      if (pilot === undefined) return PASSED;
      const where = formatAddress(pilot);
      const [told, reports] = await Promise.all([
        ask(ports, where, "/version"),
        ask(ports, where, "/debug/syncz"),
      ]);
      const ofPilot = textField(told, "version") ?? textField(told, "gitVersion");
      return warn(
        ...skewOf(`the pilot at ${where}`, ofPilot, version),
        ...proxySkews(reports, version).slice(0, MAX_NAMED),
      );
    },
  };
}
