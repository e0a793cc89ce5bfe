// The pages of a proxy's configuration: their names, the flags that choose rows of them, and who makes the rows.
import { InvalidArgumentError } from "commander";
import { wholeNumberOption } from "../shell/options.ts";
import type { Shell } from "../shell/shell.ts";
import { CLUSTER_PAGE, ENDPOINT_PAGE } from "./clusters.ts";
import { LISTENER_PAGE } from "./listeners.ts";
import { ROUTE_PAGE } from "./routes.ts";
import type { ConfigPage } from "./rows.ts";
import { secretPage } from "./secrets.ts";

/** The flag, what it is, and what refuses a value that no row can have. */
type Filter = readonly [flags: string, description: string, parse?: (text: string) => string];

const wholeNumber = (text: string): string => String(wholeNumberOption(text));

const oneOf =
  (...values: readonly string[]) =>
  (text: string): string => {
    if (values.includes(text.toLowerCase())) return text;
    throw new InvalidArgumentError(`Must be one of ${values.join(", ")}.`);
  };

export interface PageEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly page: (shell: Shell) => ConfigPage;
  /** Flags that choose rows. */
  readonly filters: readonly Filter[];
  readonly example: string;
}

export const PAGES: readonly PageEntry[] = [
  {
    name: "cluster",
    aliases: ["clusters", "c"],
    summary: "where it may send: services, ports, subsets",
    page: () => CLUSTER_PAGE,
    filters: [
      ["--fqdn <host>", "only of services whose host name holds this"],
      ["--port <n>", "only of this port", wholeNumber],
      ["--subset <name>", "only of this subset"],
      ["--direction <name>", "only inbound or outbound", oneOf("inbound", "outbound")],
    ],
    example: "productpage-v1-1 --fqdn reviews",
  },
  {
    name: "listener",
    aliases: ["listeners", "l"],
    summary: "what it listens on, and where that leads",
    page: () => LISTENER_PAGE,
    filters: [
      ["--address <host>", "only at this address"],
      ["--port <n>", "only at this port", wholeNumber],
      ["--type <type>", "only http, tcp or http+tcp", oneOf("http", "tcp", "http+tcp")],
    ],
    example: "productpage-v1-1 --port 15001",
  },
  {
    name: "route",
    aliases: ["routes", "r"],
    summary: "virtual hosts and their routes",
    page: () => ROUTE_PAGE,
    filters: [["--name <name>", "only of this route configuration"]],
    example: "productpage-v1-1 --name 9080",
  },
  {
    name: "endpoint",
    aliases: ["endpoints", "ep"],
    summary: "hosts with their health and ejections",
    page: () => ENDPOINT_PAGE,
    filters: [
      ["--cluster <name>", "only of this cluster"],
      ["--fqdn <host>", "only of services whose host name holds this"],
      ["--status <status>", "only with this status: healthy, unhealthy, draining"],
      ["--address <host>", "only at this address"],
      ["--port <n>", "only at this port", wholeNumber],
    ],
    example: "productpage-v1-1 --fqdn details",
  },
  {
    name: "secret",
    aliases: ["secrets", "s"],
    summary: "certificates, never their keys",
    page: (shell) => secretPage(shell.clock.wallMs()),
    filters: [],
    example: "gateway",
  },
];
