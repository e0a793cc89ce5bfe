// The clock: it never goes back, says a plausible day, is cheap to read, and agrees with the pilot's.
import { formatDuration } from "#base/duration.ts";
import {
  type Check,
  type CheckDescription,
  type CheckPorts,
  type Finding,
  PASSED,
  warn,
} from "../check.ts";
import { formatDay, parseHttpDateMs } from "../http-date.ts";
import { readText } from "../proc.ts";
import type { PreflightSettings } from "../settings.ts";
import { formatAddress } from "../words.ts";

export const CLOCK: CheckDescription = {
  name: "Clock",
  category: "time",
  severity: "error",
  summary: "the clock never goes back, says a plausible day, and is cheap to read",
  why: "Timeouts, ejections and certificates go by it; a machine whose battery died wakes up in 1970.",
  fix: 'set the clock: "sudo timedatectl set-ntp true"',
};

export const CLOCK_SKEW: CheckDescription = {
  name: "ClockSkew",
  category: "time",
  severity: "warning",
  summary: "the clock agrees with the pilot's",
  why: "Logs of two machines cannot be read side by side, and certificates are refused as not yet valid.",
  fix: 'let both machines follow a time server: "sudo timedatectl set-ntp true"',
};

const SAMPLE_COUNT = 1_000;
/** 2025-01-01: before any sampan was made. */
const EARLIEST_MS = 1_735_689_600_000;
/** Sources that are read through a device or by interrupts: a microsecond and more each time. */
const SLOW_SOURCES: ReadonlySet<string> = new Set([
  "acpi_pm",
  "hpet",
  "jiffies",
  "pit",
  "refined-jiffies",
]);
const SOURCE_FILE = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/** How far it went back at most, in milliseconds. */
function largestStepBack(nowMs: () => number): number {
  let last = nowMs();
  let largest = 0;
  for (let sample = 0; sample < SAMPLE_COUNT; sample += 1) {
    const now = nowMs();
    largest = Math.max(largest, last - now);
    last = now;
  }
  return largest;
}

export function clockCheck(): Check {
  return {
    ...CLOCK,
    run({ clock, machine }: CheckPorts) {
      const errors: Finding[] = [];
      const warnings: Finding[] = [];
      const backMs = largestStepBack(() => clock.nowMs());
      if (backMs > 0) {
        errors.push({
          message: `the monotonic clock went back by ${formatDuration(backMs)}`,
          fix: "choose another clock source: /sys/devices/system/clocksource/clocksource0/available_clocksource lists them",
        });
      }
      const wallMs = clock.wallMs();
      if (wallMs < EARLIEST_MS) {
        errors.push({
          message: `the clock says ${formatDay(wallMs)}, which is long ago`,
          fix: CLOCK.fix,
          command: "sudo timedatectl set-ntp true",
        });
      }
      const source = (readText(machine, SOURCE_FILE) ?? "").trim();
      if (SLOW_SOURCES.has(source)) {
        const command = `echo tsc | sudo tee ${SOURCE_FILE}`;
        warnings.push({
          message: `the kernel's clock source is "${source}": each look at the clock takes a microsecond or more`,
          fix: `run "${command}" where tsc is available`,
          command,
        });
      }
      return { warnings, errors };
    },
  };
}

/** As the reference has it; dates of HTTP are whole seconds. */
const MAX_SKEW_MS = 5_000;
const ANSWER_LIMIT_MS = 2_000;

/** No pilot there is no finding: it may be what is about to start. */
export function clockSkewCheck({ pilot }: PreflightSettings): Check {
  return {
    ...CLOCK_SKEW,
    async run({ clock, httpClient }: CheckPorts) {
      if (pilot === undefined) return PASSED;
      const beforeMs = clock.wallMs();
      const where = formatAddress(pilot);
      const url = `http://${where}/ready`;
      const answer = await httpClient.request({ method: "GET", url, timeoutMs: ANSWER_LIMIT_MS });
      const ourMs = (beforeMs + clock.wallMs()) / 2;
      if (answer.kind === "failed") return PASSED;
      const theirMs = parseHttpDateMs(answer.headers?.["date"] ?? "");
      if (theirMs === undefined) return PASSED;
      // The date was cut to its second: on average it is half a second behind.
      const skewMs = Math.round(theirMs + 500 - ourMs);
      if (Math.abs(skewMs) <= MAX_SKEW_MS) return PASSED;
      const by = formatDuration(Math.round(Math.abs(skewMs) / 1_000) * 1_000);
      return warn({
        message: `the clock is ${by} ${skewMs > 0 ? "behind" : "ahead of"} the clock of the pilot at ${where}`,
        fix: CLOCK_SKEW.fix,
        command: "sudo timedatectl set-ntp true",
      });
    },
  };
}
