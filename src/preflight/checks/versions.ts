// The runtime and the Envoy that is driven are of versions that sampan was tested with.
import { quoted } from "#base/log.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  fail,
  PASSED,
  warn,
} from "../check.ts";
import { findProgram, runProgram } from "../run-program.ts";
import type { PreflightSettings } from "../settings.ts";
import { compareVersions, minorsApart, parseVersion } from "../version.ts";

export const RUNTIME_VERSION: CheckDescription = {
  name: "RuntimeVersion",
  category: "versions",
  severity: "error",
  summary: "the runtime is the Bun that this sampan is made for",
  why: "Its sockets and its HTTP/2 changed between versions; every test was run with the pinned one.",
  fix: 'run "npm ci" and start sampan by bin/sampan, which takes the pinned Bun',
};

export const ENVOY_ON_PATH: CheckDescription = {
  name: "FileExisting-envoy",
  category: "versions",
  severity: "error",
  summary: "envoy is on the PATH, where it is the data plane",
  why: "The data plane envoy is started by its name.",
  fix: "install Envoy, or leave out --data-plane envoy",
};

export const ENVOY_VERSION: CheckDescription = {
  name: "EnvoyVersion",
  category: "versions",
  severity: "warning",
  summary: "the Envoy on the PATH is of a version that sampan was tested with",
  why: "An older one refuses fields that it does not know, and with them the whole resource.",
  fix: "install Envoy 1.40",
};

/** The one that the differential tests run against. */
const TESTED_ENVOY = "1.40.0";
const PROGRAM_LIMIT_MS = 5_000;

export function runtimeVersionCheck({ wantedRuntime }: PreflightSettings): Check {
  return {
    ...RUNTIME_VERSION,
    run({ machine }: CheckPorts) {
      const { runtimeVersion } = machine;
      if (runtimeVersion === wantedRuntime) return PASSED;
      const runs = parseVersion(runtimeVersion);
      const wanted = parseVersion(wantedRuntime);
      const finding: Finding = {
        message: `this is Bun ${runtimeVersion}, and sampan is made for Bun ${wantedRuntime}`,
        fix: RUNTIME_VERSION.fix,
        command: "npm ci",
      };
      if (runs === undefined || wanted === undefined) return warn(finding);
      const isOlder = compareVersions(runs, wanted) < 0;
      const isClose = minorsApart(runs, wanted) === 0;
      return isOlder && !isClose ? fail(finding) : warn(finding);
    },
  };
}

export function envoyOnPathCheck(): Check {
  return {
    ...ENVOY_ON_PATH,
    run(ports: CheckPorts) {
      if (findProgram(ports, "envoy") !== undefined) return PASSED;
      return fail({ message: "envoy not found in system path", fix: ENVOY_ON_PATH.fix });
    },
  };
}

/** `envoy  version: 1d0f…/1.40.0/Clean/RELEASE/BoringSSL` */
function parseEnvoyVersion(output: string): string | undefined {
  return /version:\s*[^/\s]*\/(\d+\.\d+\.\d+)/.exec(output)?.[1];
}

export function envoyVersionCheck(): Check {
  return {
    ...ENVOY_VERSION,
    async run(ports: CheckPorts) {
      const program = findProgram(ports, "envoy");
      if (program === undefined) return PASSED; // said by the check before
      const result = await runProgram(ports, [program, "--version"], PROGRAM_LIMIT_MS);
      const reason = result.kind === "failed" ? result.reason : quoted(result.output, 80);
      const found = result.kind === "ended" ? parseEnvoyVersion(result.output) : undefined;
      if (found === undefined) {
        return warn({
          message: `the version of ${program} cannot be told: ${reason}`,
          fix: ENVOY_VERSION.fix,
        });
      }
      const runs = parseVersion(found);
      const tested = parseVersion(TESTED_ENVOY);
      if (runs === undefined || tested === undefined || minorsApart(runs, tested) === 0) {
        return PASSED;
      }
      return warn({
        message: `${program} is Envoy ${found}, and sampan is tested with Envoy ${TESTED_ENVOY}`,
        fix: ENVOY_VERSION.fix,
      });
    },
  };
}
