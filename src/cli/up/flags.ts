// The flags of `up`, and which of them each phase has when it is called alone.
import { type Command, Option } from "commander";
import type { SocketAddress } from "#base/net.ts";
import {
  addPreflightOptions,
  addVerbosityOptions,
  type PreflightFlags,
} from "../preflight/options.ts";
import { addressOption, durationOption } from "../shell/options.ts";

export interface UpFlags extends PreflightFlags {
  readonly dataPlane?: "sampan" | "envoy";
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  readonly timeout?: number;
  readonly hostSidecar?: boolean;
  readonly atomic?: boolean;
  readonly skipPhases?: readonly string[];
  readonly dryRun: boolean;
}

export const DEFAULT_TIMEOUT_MS = 60_000;

const splitNames = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(",").filter((name) => name.trim() !== ""),
];

type Adds = (command: Command) => unknown;

const DATA_PLANE: Adds = (command) =>
  command.addOption(
    new Option("--data-plane <kind>", "which proxy to run; envoy is looked up on the PATH")
      .choices(["sampan", "envoy"])
      .default("sampan"),
  );
const HOST_SIDECAR: Adds = (command) =>
  command.option("--no-host-sidecar", "do not serve programs without a sidecar");
const TIMEOUT: Adds = (command) =>
  command.addOption(
    durationOption(
      "--timeout <duration>",
      "how long to wait until all is ready",
      DEFAULT_TIMEOUT_MS,
    ),
  );
const ATOMIC: Adds = (command) =>
  command.option("--atomic", "stop everything when it is not ready in time, with status 1");
const SKIP_PHASES: Adds = (command) =>
  command.option("--skip-phases <phases>", "List of phases to be skipped", splitNames);

/** What every phase has. */
const SHARED: readonly Adds[] = [
  (command) =>
    command.addOption(
      addressOption("--xds-address <host:port>", "where the pilot serves xDS", {
        host: "127.0.0.1",
        port: 15010,
      }),
    ),
  (command) =>
    command.addOption(
      addressOption("--http-address <host:port>", "where the pilot serves HTTP", {
        host: "127.0.0.1",
        port: 15014,
      }),
    ),
  (command) => command.option("--dry-run", "say what would be done, and change nothing", false),
  addVerbosityOptions,
];

/** Kubeadm's InheritFlags: what a phase takes over of the command's. */
const INHERITED: Readonly<Record<string, readonly Adds[]>> = {
  preflight: [DATA_PLANE, HOST_SIDECAR, addPreflightOptions],
  "data-plane": [DATA_PLANE, HOST_SIDECAR],
  gateway: [DATA_PLANE],
  wait: [TIMEOUT],
};

/** `phase`: of this one alone; undefined: of the whole command. */
export function addUpOptions(command: Command, phase?: string): Command {
  const all = [DATA_PLANE, HOST_SIDECAR, TIMEOUT, ATOMIC, SKIP_PHASES, addPreflightOptions];
  const own = phase === undefined ? all : (INHERITED[phase] ?? []);
  for (const add of [...own, ...SHARED]) add(command);
  return command;
}
