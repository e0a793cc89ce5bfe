// Which checks a command runs, in the order in which it reports them.
import type { Check } from "./check.ts";
import { portChecks } from "./checks/port.ts";
import { swapCheck } from "./checks/swap.ts";
import type { PreflightCommand, PreflightSettings } from "./settings.ts";

/** `command` undefined: everything that matters to any of them. */
export function checksFor(
  _command: PreflightCommand | undefined,
  settings: PreflightSettings,
): readonly Check[] {
  return [...portChecks(settings.ports), swapCheck()];
}
