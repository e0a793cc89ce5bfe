// `sampan proxy`: the data plane as a process, on Envoy's bootstrap file and with Envoy's flags. Composition root.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Command, Option } from "commander";
import type { LogLevel } from "#base/log.ts";
import { systemDns } from "#io/bun/dns.ts";
import { systemFiles } from "#io/bun/files.ts";
import { createLog } from "#io/bun/log.ts";
import { bunNet } from "#io/bun/net.ts";
import { createSystemRandom } from "#io/bun/random.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { createXdsTransport } from "#io/grpc/xds-transport.ts";
import { findPortHolder } from "#io/process/port-holder.ts";
import type { BootstrapConfig } from "#proxy/config/bootstrap-config.ts";
import { Proxy } from "#proxy/proxy.ts";
import packageJson from "../../package.json" with { type: "json" };
import { EXIT } from "./exit-status.ts";
import { logLevelOption, wholeNumberOption } from "./options.ts";
import { loadBootstrap } from "./proxy/load-bootstrap.ts";
import { formatSocketAddress } from "./socket-address.ts";

interface ProxyFlags {
  readonly configPath: string;
  readonly mode: "serve" | "validate";
  readonly concurrency: number;
  readonly serviceNode?: string;
  readonly serviceCluster?: string;
  readonly logLevel: LogLevel;
  readonly drainTimeS: number;
}

function memory(): { usedHeapBytes: number; totalHeapBytes: number; residentBytes: number } {
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  return { usedHeapBytes: heapUsed, totalHeapBytes: heapTotal, residentBytes: rss };
}

/** Reads and checks the file; says every mistake with its line on stderr, and answers the exit status then. */
function load(flags: ProxyFlags): BootstrapConfig | number {
  let text: string;
  try {
    text = readFileSync(flags.configPath, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sampan proxy: Cannot read ${flags.configPath}: ${reason}\n`);
    return EXIT.unreadable;
  }
  const loaded = loadBootstrap(text, flags.configPath, {
    id: flags.serviceNode,
    cluster: flags.serviceCluster,
  });
  if (loaded.kind === "loaded") return loaded.config;
  for (const problem of loaded.problems) process.stderr.write(`${problem}\n`);
  return EXIT.invalidConfiguration;
}

function createProxy(config: BootstrapConfig, flags: ProxyFlags, onQuit: () => void): Proxy {
  let level = flags.logLevel;
  const { ads } = config;
  return new Proxy(
    config,
    {
      clock: systemClock,
      timers: systemTimers,
      random: createSystemRandom(),
      net: bunNet,
      dns: systemDns,
      files: systemFiles,
      log: createLog(() => level, "proxy"),
      xds: ads === undefined ? undefined : createXdsTransport(ads),
      environment: { hostname: hostname(), environment: (name) => process.env[name] },
      memory,
      logLevel: () => level,
      setLogLevel: (next) => {
        level = next;
      },
    },
    {
      version: packageJson.version,
      concurrency: flags.concurrency,
      configPath: flags.configPath,
      serviceCluster: config.node.cluster,
      serviceNode: config.node.id,
      drainTimeMs: flags.drainTimeS * 1000,
      sharesPorts: false,
      onQuit,
    },
  );
}

async function run(flags: ProxyFlags): Promise<number> {
  const config = load(flags);
  if (typeof config === "number") return config;
  if (flags.mode === "validate") {
    process.stdout.write(`configuration '${flags.configPath}' OK\n`);
    return EXIT.ok;
  }
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const proxy = createProxy(config, flags, () => stop());
  const error = proxy.start();
  if (error !== undefined) {
    const address = config.admin?.address ?? { host: "", port: 0 };
    const holder = findPortHolder(address.host, address.port);
    const held = holder === undefined ? "" : `: held by process ${holder.pid} (${holder.command})`;
    process.stderr.write(
      `sampan proxy: Cannot listen on ${formatSocketAddress(address)} (admin): ${error.code}${held}\n`,
    );
    return EXIT.failed;
  }
  process.on("SIGTERM", () => stop());
  process.on("SIGINT", () => stop());
  await stopped;
  await proxy.drain(flags.drainTimeS * 1000);
  return EXIT.ok;
}

export function proxyCommand(): Command {
  return new Command("proxy")
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
    .option("--concurrency <n>", "workers", wholeNumberOption, 1)
    .option("--service-node <id>", "node id, instead of the file's")
    .option("--service-cluster <name>", "node cluster, instead of the file's")
    .option("-l, --log-level <level>", "what to log on stderr", logLevelOption, "info")
    .option(
      "--drain-time-s <n>",
      "how long requests may finish after SIGTERM",
      wholeNumberOption,
      600,
    )
    .addHelpText("after", "\nExample:\n  sampan proxy -c bootstrap.yaml --concurrency 1\n")
    .action(async (flags: ProxyFlags) => {
      process.exitCode = await run(flags);
      process.exit();
    });
}
