// Which commands there are, in the order and groups of the help. Each is loaded when it is called: a proxy should not pay for the
// pilot's validators, nor the pilot for the proxy.
import type { Command } from "commander";
import type { Shell } from "./shell/shell.ts";

export interface CommandEntry {
  readonly name: string;
  readonly group: "Run" | "Configure" | "Look" | "Explain" | "Other";
  /** One line of the help. */
  readonly summary: string;
  /** Other spellings: istioctl's, mostly. */
  readonly aliases?: readonly string[];
  /** For programs, not for people: left out of the help. */
  readonly isHidden?: boolean;
  readonly load: () => Promise<(shell: Shell) => Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "up",
    group: "Run",
    summary: "run a whole mesh on this machine",
    load: async () => (await import("./up.ts")).upCommand,
  },
  {
    name: "status",
    group: "Run",
    summary: "show the meshes that run on this machine",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "logs",
    group: "Run",
    summary: "print what the parts of the mesh print",
    load: async () => (await import("./logs.ts")).logsCommand,
  },
  {
    name: "down",
    group: "Run",
    summary: "stop the mesh that runs on this machine",
    load: async () => (await import("./down.ts")).downCommand,
  },
  {
    name: "preflight",
    group: "Run",
    summary: "say what is wrong with this machine before anything starts",
    aliases: ["precheck"],
    load: async () => (await import("./preflight.ts")).preflightCommand,
  },
  {
    name: "pilot",
    group: "Run",
    summary: "run the control plane over a folder of Istio YAML",
    load: async () => (await import("./pilot.ts")).pilotCommand,
  },
  {
    name: "proxy",
    group: "Run",
    summary: "run the data plane on an Envoy bootstrap file",
    load: async () => (await import("./proxy.ts")).proxyCommand,
  },
  {
    name: "get",
    group: "Configure",
    summary: "show configuration, services, endpoints, proxies and problems",
    load: async () => (await import("./get.ts")).getCommand,
  },
  {
    name: "describe",
    group: "Configure",
    summary: "tell everything about one object or service",
    load: async () => (await import("./describe.ts")).describeCommand,
  },
  {
    name: "edit",
    group: "Configure",
    summary: "change an object in your editor",
    load: async () => (await import("./edit.ts")).editCommand,
  },
  {
    name: "apply",
    group: "Configure",
    summary: "make the configuration what files say, all or nothing",
    load: async () => (await import("./apply.ts")).applyCommand,
  },
  {
    name: "delete",
    group: "Configure",
    summary: "take objects out of the configuration",
    load: async () => (await import("./delete.ts")).deleteCommand,
  },
  {
    name: "diff",
    group: "Configure",
    summary: "show what applying files would change",
    load: async () => (await import("./diff.ts")).diffCommand,
  },
  {
    name: "wait",
    group: "Configure",
    summary: "wait until a change is in force on every proxy",
    load: async () => (await import("./wait.ts")).waitCommand,
  },
  {
    name: "validate",
    group: "Configure",
    summary: "say what is wrong with files, without a pilot",
    load: async () => (await import("./validate.ts")).validateCommand,
  },
  {
    name: "analyze",
    group: "Configure",
    summary: "find what configuration cannot do together",
    load: async () => (await import("./analyze.ts")).analyzeCommand,
  },
  {
    name: "proxy-status",
    group: "Look",
    summary: "say what is live on which proxy, behind, or refused",
    aliases: ["ps"],
    load: async () => (await import("./proxy-status.ts")).proxyStatusCommand,
  },
  {
    name: "proxy-config",
    group: "Look",
    summary: "show a proxy's configuration as it has it",
    aliases: ["pc"],
    load: async () => (await import("./proxy-config.ts")).proxyConfigCommand,
  },
  {
    name: "stats",
    group: "Look",
    summary: "show a proxy's statistics",
    aliases: ["envoy-stats"],
    load: async () => (await import("./stats.ts")).statsCommand,
  },
  {
    name: "top",
    group: "Look",
    summary: "show services by success rate, requests a second and latency",
    load: async () => (await import("./top.ts")).topCommand,
  },
  {
    name: "tap",
    group: "Look",
    summary: "show requests as they go by",
    load: async () => (await import("./tap.ts")).tapCommand,
  },
  {
    name: "why",
    group: "Explain",
    summary: "say where a request goes, and why",
    load: async () => (await import("./why.ts")).whyCommand,
  },
  {
    name: "why-code",
    group: "Explain",
    summary: "say what a response flag, detail or status means",
    load: async () => (await import("./why-code.ts")).whyCodeCommand,
  },
  {
    name: "troubleshoot",
    group: "Explain",
    summary: "find the first thing that is wrong between two workloads, or in the mesh",
    load: async () => (await import("./troubleshoot.ts")).troubleshootCommand,
  },
  {
    name: "test",
    group: "Explain",
    summary: "test a configuration: requests in, what becomes of them out",
    load: async () => (await import("./test.ts")).testCommand,
  },
  {
    name: "version",
    group: "Other",
    summary: "print the versions of this program, the pilot and the proxies",
    load: async () => (await import("./version.ts")).versionCommand,
  },
  {
    name: "bug-report",
    group: "Other",
    summary: "collect what helps to find a fault, without secrets",
    load: async () => (await import("./bug-report.ts")).bugReportCommand,
  },
  {
    name: "completion",
    group: "Other",
    summary: "print the completion script of a shell",
    load: async () => (await import("./completion.ts")).completionCommand,
  },
  {
    name: "__complete",
    group: "Other",
    summary: "answer a completion script",
    isHidden: true,
    load: async () => (await import("./complete.ts")).completeCommand,
  },
];
