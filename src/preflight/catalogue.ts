// Every check that there is, for `--list`, for the ignore list and for docs/reference/preflight.md.
import type { CheckDescription } from "./check.ts";
import { PORT } from "./checks/port.ts";
import { SWAP } from "./checks/swap.ts";

export const CATALOGUE: readonly CheckDescription[] = [PORT, SWAP];

export const KNOWN_NAMES: readonly string[] = CATALOGUE.map(({ name }) => name);
