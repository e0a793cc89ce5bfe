// `sampan pilot`: the control plane as a process. Composition root: what the shell does not bring is picked here.
import { join, resolve } from "node:path";
import { Command } from "commander";
import type { LogLevel } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { serveHttp } from "#io/bun/http-server.ts";
import { createLog } from "#io/bun/log.ts";
import { createStateFile } from "#io/bun/state-file.ts";
import { serveXds } from "#io/grpc/xds-service.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { DEFAULT_MESH_SETTINGS } from "#pilot/model/mesh-settings.ts";
import { Pilot } from "#pilot/pilot.ts";
import { contentVersion } from "#xds/content-version.ts";
import packageJson from "../../package.json" with { type: "json" };
import {
  addPreflightOptions,
  addSkipPhasesOption,
  addVerbosityOptions,
  type PreflightFlags,
} from "./preflight/options.ts";
import { preflight, tellPreflightFailed } from "./preflight/phase.ts";
import { pilotSettings } from "./preflight/settings.ts";
import { EXIT } from "./shell/exit-status.ts";
import { addressOption, durationOption, logLevelOption } from "./shell/options.ts";
import { cannotListen } from "./shell/port-holder.ts";
import type { Shell } from "./shell/shell.ts";
import { formatSocketAddress } from "./shell/socket-address.ts";
import { stateHome } from "./shell/state-home.ts";

interface PilotFlags extends PreflightFlags {
  readonly config: string;
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  readonly debounce: number;
  readonly accessLogFile?: string;
  readonly tap: boolean;
  readonly stateDir: string | undefined;
  readonly logLevel: LogLevel;
  readonly skipPhases?: readonly string[];
}

/** Says so, and what to do, with the flag that chooses another address. */
function tellCannotListen(
  shell: Shell,
  flag: string,
  address: SocketAddress,
  reason: string,
): void {
  shell.terminal.writeError(
    `sampan pilot: ${cannotListen(shell.machine, address, reason)}\nStop that process, or choose another address with ${flag}.\n`,
  );
}

/** One folder for each configuration folder, so that two pilots do not share their instances. */
function defaultStateDirectory(config: string, env: Shell["env"]): string {
  const name = contentVersion(new TextEncoder().encode(resolve(config)));
  return join(stateHome(env), "sampan", `pilot-${name}`);
}

async function run(flags: PilotFlags, shell: Shell): Promise<number> {
  const stateDirectory = flags.stateDir ?? defaultStateDirectory(flags.config, shell.env);
  if (flags.skipPhases === undefined) {
    const settings = pilotSettings({ ...flags, stateDirectory });
    const checked = await preflight(shell, "pilot", settings, flags);
    if (checked.kind === "failed") return tellPreflightFailed(shell, checked);
  }
  const { clock, files, fileWriter, terminal, timers } = shell;
  const log = createLog(flags.logLevel, "pilot");
  const opened = await FolderStore.open({
    folder: resolve(flags.config),
    files,
    fileWriter,
    clock,
    timers,
    log,
  });
  if (opened.kind === "failed") {
    terminal.writeError(`sampan pilot: Cannot read the folder ${flags.config}: ${opened.reason}\n`);
    return EXIT.unreadable;
  }
  const state = createStateFile(join(stateDirectory, "instances.json"), (reason) =>
    log.warning("cannot keep the registered instances over a restart", { reason }),
  );
  const pilot = new Pilot({
    state,
    savedState: await state.read(),
    clock,
    timers,
    log,
    store: opened.store,
    mesh: {
      ...DEFAULT_MESH_SETTINGS,
      accessLogFile: flags.accessLogFile ?? "",
      proxyHttpPort: DEFAULT_MESH_SETTINGS.proxyListenPort,
      tapEnabled: flags.tap,
    },
    debounceMs: flags.debounce,
    version: packageJson.version,
  });
  const xds = await serveXds(flags.xdsAddress, pilot.xdsService);
  if ("kind" in xds) {
    tellCannotListen(shell, "--xds-address", flags.xdsAddress, xds.reason);
    return EXIT.failed;
  }
  const http = serveHttp(flags.httpAddress, pilot.httpService);
  if ("code" in http) {
    tellCannotListen(shell, "--http-address", flags.httpAddress, http.code);
    return EXIT.failed;
  }
  terminal.write(
    `ready xds ${formatSocketAddress(xds.address)} http ${formatSocketAddress(http.address)}\n`,
  );
  await new Promise<void>((stop) => {
    process.once("SIGTERM", () => stop());
    process.once("SIGINT", () => stop());
  });
  opened.store.close();
  pilot.close();
  http.close();
  await xds.close();
  return EXIT.ok;
}

export function pilotCommand(shell: Shell): Command {
  const command = new Command("pilot")
    .summary("run the control plane over a folder of Istio YAML")
    .description(
      "Reads every *.yaml and *.yml below the folder, watches it, and serves it over xDS to sampan's proxies,\nstock Envoys and gRPC clients. Prints `ready` with its addresses when it serves.",
    )
    .requiredOption("--config <dir>", "folder of configuration")
    .addOption(
      addressOption("--xds-address <host:port>", "where proxies connect (gRPC)", {
        host: "127.0.0.1",
        port: 15010,
      }),
    )
    .addOption(
      addressOption("--http-address <host:port>", "health, metrics, debug pages", {
        host: "127.0.0.1",
        port: 15014,
      }),
    )
    .addOption(durationOption("--debounce <duration>", "quiet time before a change is pushed", 100))
    .option("--access-log-file <path>", "where proxies write access logs, e.g. /dev/stdout")
    .option("--no-tap", "proxies get no tap filter: `sampan tap` sees nothing of them")
    .option(
      "--state-dir <dir>",
      "where registered instances outlive a restart (default: below $XDG_STATE_HOME/sampan)",
    )
    .option("-l, --log-level <level>", "what to log on stderr", logLevelOption, "info")
    .addHelpText("after", "\nExample:\n  sampan pilot --config ./mesh\n");
  addVerbosityOptions(addSkipPhasesOption(addPreflightOptions(command)));
  return command.action(async (flags: PilotFlags) => {
    shell.exit(await run(flags, shell));
    process.exit();
  });
}
