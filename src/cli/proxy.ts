// `sampan proxy`: the data plane as a process, on Envoy's bootstrap file and with Envoy's flags. Composition root.
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { type LogLevel, quoted } from "#base/log.ts";
import { createLog } from "#io/bun/log.ts";
import { startThread } from "#io/bun/thread.ts";
import { createXdsTransport } from "#io/grpc/xds-transport.ts";
import { ownEnvironment, ownMemory } from "#io/process/own-process.ts";
import type { BootstrapConfig } from "#proxy/config/bootstrap-config.ts";
import { Proxy } from "#proxy/proxy.ts";
import type { WorkerAnswer, WorkerCommand } from "#proxy/worker/messages.ts";
import { WorkerGroup } from "#proxy/worker/worker-group.ts";
import packageJson from "../../package.json" with { type: "json" };
import {
  addPreflightOptions,
  addSkipPhasesOption,
  addVerbosityOptions,
  type PreflightFlags,
} from "./preflight/options.ts";
import { preflight, tellPreflightFailed } from "./preflight/phase.ts";
import { proxySettings } from "./preflight/settings.ts";
import { loadBootstrap } from "./proxy/load-bootstrap.ts";
import { EXIT } from "./shell/exit-status.ts";
import { logLevelOption, wholeNumberOption, workerCountOption } from "./shell/options.ts";
import { cannotListen } from "./shell/port-holder.ts";
import type { Shell } from "./shell/shell.ts";

/** A stack trace of a few frames. */
const MAX_REASON_LENGTH = 2_000;

interface ProxyFlags extends PreflightFlags {
  readonly configPath: string;
  readonly mode: "serve" | "validate";
  readonly concurrency: number;
  readonly serviceNode?: string;
  readonly serviceCluster?: string;
  readonly logLevel: LogLevel;
  readonly drainTimeS: number;
  readonly skipPhases?: readonly string[];
}

/** POST /logging changes it. */
interface CurrentLevel {
  now: LogLevel;
}

/** Reads and checks the file; says every mistake with its line on stderr, and answers the exit status then. */
function load(flags: ProxyFlags, { terminal }: Shell): BootstrapConfig | number {
  let text: string;
  try {
    text = readFileSync(flags.configPath, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    terminal.writeError(`sampan proxy: Cannot read ${flags.configPath}: ${reason}\n`);
    return EXIT.unreadable;
  }
  const loaded = loadBootstrap(text, flags.configPath, {
    id: flags.serviceNode,
    cluster: flags.serviceCluster,
  });
  if (loaded.kind === "loaded") return loaded.config;
  for (const problem of loaded.problems) terminal.writeError(`${problem}\n`);
  return EXIT.invalidConfiguration;
}

/** A worker that dies takes its connections with it, and the kernel would go on to give it new ones: whoever runs us starts anew. */
function handleDeath(index: number, reason: string | undefined): never {
  const why = quoted(reason ?? "its thread ended", MAX_REASON_LENGTH);
  process.stderr.write(`sampan proxy: Worker ${index} died, so the process ends: ${why}\n`);
  process.exit(EXIT.failed);
}

/** Workers 1 and up, a thread each; or why they are not all there. */
async function startWorkers(
  config: BootstrapConfig,
  flags: ProxyFlags,
  level: CurrentLevel,
  { timers }: Shell,
): Promise<WorkerGroup | string> {
  const module = new URL("./proxy-worker.ts", import.meta.url);
  const threads = Array.from({ length: flags.concurrency - 1 }, (_, place) =>
    startThread<WorkerAnswer, WorkerCommand>(module, (reason) => handleDeath(place + 1, reason)),
  );
  const log = createLog(() => level.now, "main");
  const group = new WorkerGroup(threads, { timers, log });
  const settings = {
    workerCount: flags.concurrency,
    sharesPorts: true,
    drainTimeMs: flags.drainTimeS * 1000,
    statsFlushIntervalMs: config.statsFlushIntervalMs,
  };
  const silent = await group.start(settings, flags.logLevel);
  return silent.length === 0 ? group : `Workers ${silent.join(", ")} did not start in time`;
}

function createProxy(
  config: BootstrapConfig,
  flags: ProxyFlags,
  level: CurrentLevel,
  workers: WorkerGroup,
  onQuit: () => void,
  shell: Shell,
): Proxy {
  const { ads } = config;
  const { clock, timers, random, net, dns, files } = shell;
  return new Proxy(
    config,
    {
      clock,
      timers,
      random,
      net,
      dns,
      files,
      log: createLog(() => level.now, "proxy"),
      xds: ads === undefined ? undefined : createXdsTransport(ads),
      environment: ownEnvironment(),
      memory: ownMemory,
      workers,
      logLevel: () => level.now,
      setLogLevel: (next) => {
        level.now = next;
      },
    },
    {
      version: packageJson.version,
      concurrency: flags.concurrency,
      configPath: flags.configPath,
      serviceCluster: config.node.cluster,
      serviceNode: config.node.id,
      drainTimeMs: flags.drainTimeS * 1000,
      sharesPorts: flags.concurrency > 1,
      onQuit,
    },
  );
}

async function run(flags: ProxyFlags, shell: Shell): Promise<number> {
  const config = load(flags, shell);
  if (typeof config === "number") return config;
  if (flags.mode === "validate") {
    shell.terminal.write(`configuration '${flags.configPath}' OK\n`);
    return EXIT.ok;
  }
  if (flags.skipPhases === undefined) {
    const checked = await preflight(shell, "proxy", proxySettings({ ...flags, config }), flags);
    if (checked.kind === "failed") return tellPreflightFailed(shell, checked);
  }
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const level: CurrentLevel = { now: flags.logLevel };
  const workers = await startWorkers(config, flags, level, shell);
  if (typeof workers === "string") {
    shell.terminal.writeError(`sampan proxy: ${workers}\n`);
    return EXIT.failed;
  }
  const proxy = createProxy(config, flags, level, workers, () => stop(), shell);
  const error = proxy.start();
  if (error !== undefined) {
    const address = config.admin?.address ?? { host: "", port: 0 };
    const words = cannotListen(shell.machine, address, error.code, " (admin)");
    shell.terminal.writeError(`sampan proxy: ${words}\n`);
    return EXIT.failed;
  }
  process.on("SIGTERM", () => stop());
  process.on("SIGINT", () => stop());
  await stopped;
  await proxy.drain(flags.drainTimeS * 1000);
  return EXIT.ok;
}

export function proxyCommand(shell: Shell): Command {
  const command = new Command("proxy")
    .summary("run the data plane on an Envoy bootstrap file")
    .description(
      "Serves what an Envoy bootstrap file says: static resources, or dynamic ones over ADS. The same file starts Envoy.",
    )
    .requiredOption("-c, --config-path <file>", "bootstrap file, YAML or JSON")
    .addOption(
      new Option("--mode <mode>", "serve, or only check the file")
        .choices(["serve", "validate"])
        .default("serve"),
    )
    .option(
      "--concurrency <n>",
      "worker threads, each with an event loop on the same ports; Envoy takes one for each hardware thread if not told",
      workerCountOption,
      1,
    )
    .option("--service-node <id>", "node id, instead of the file's")
    .option("--service-cluster <name>", "node cluster, instead of the file's")
    .option("-l, --log-level <level>", "what to log on stderr", logLevelOption, "info")
    .option(
      "--drain-time-s <n>",
      "how long requests may finish after SIGTERM",
      wholeNumberOption,
      600,
    )
    .addHelpText("after", "\nExample:\n  sampan proxy -c bootstrap.yaml --concurrency 2\n");
  addVerbosityOptions(addSkipPhasesOption(addPreflightOptions(command)));
  return command.action(async (flags: ProxyFlags) => {
    shell.exit(await run(flags, shell));
    process.exit();
  });
}
