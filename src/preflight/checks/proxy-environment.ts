// Variables like http_proxy do not send traffic for this machine to a proxy elsewhere.
import { isInBlock, isLoopbackHost, parseIp } from "#base/ip-address.ts";
import { quoted } from "#base/log.ts";
import { type Check, type CheckDescription, type CheckPorts, warn } from "../check.ts";
import { shellWord } from "../shell-word.ts";

export const HTTP_PROXY_ENV: CheckDescription = {
  name: "HTTPProxyEnv",
  category: "network",
  severity: "warning",
  summary: "no proxy variable captures traffic to this machine",
  why: "A program with http_proxy set sends requests for 127.0.0.1 to that proxy, which means itself by this address.",
  fix: "export NO_PROXY=localhost,127.0.0.0/8",
};

const VARIABLES = ["http_proxy", "https_proxy", "all_proxy"] as const;
const LOOPBACK_HOSTS = ["127.0.0.1", "localhost"] as const;

type Environment = Readonly<Record<string, string>>;

/** Lower case first, as curl has it; empty ones count as not set. */
function variable(env: Environment, name: string): { name: string; value: string } | undefined {
  for (const spelling of [name, name.toUpperCase()]) {
    const value = env[spelling] ?? "";
    if (value !== "") return { name: spelling, value };
  }
  return undefined;
}

/** One entry of NO_PROXY: `*`, a name with or without its leading dot, an address, a block. */
function covers(entry: string, host: string): boolean {
  if (entry === "*" || entry === host) return true;
  const [base = "", length] = entry.split("/");
  const block = parseIp(base);
  const address = parseIp(host);
  if (block !== undefined && address !== undefined && /^\d{1,3}$/.test(length ?? "")) {
    return isInBlock(address, block, Math.min(Number(length), block.length * 8));
  }
  return address === undefined && host.endsWith(`.${entry.replace(/^\./, "")}`);
}

/** Host of "http://host:3128", "[::1]:3128". */
function hostOf(url: string): string {
  const authority = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").split(/[/?#]/)[0] ?? "";
  return /^\[([^\]]*)\]/.exec(authority)?.[1] ?? authority.replace(/:\d*$/, "");
}

/** Nobody's password goes to a terminal or a log: people write "/" and "@" in it as they are, so the last "@" ends it. */
const withoutCredentials = (url: string): string =>
  url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1");

export function httpProxyEnvCheck(): Check {
  return {
    ...HTTP_PROXY_ENV,
    run({ env }: CheckPorts) {
      const noProxy = (variable(env, "no_proxy")?.value ?? "")
        .split(",")
        .map((entry) => entry.trim().toLowerCase());
      const captured = LOOPBACK_HOSTS.filter(
        (host) => !noProxy.some((entry) => covers(entry, host)),
      );
      if (captured.length === 0) return warn();
      const excepted = new Set([...noProxy, "localhost", "127.0.0.0/8"]);
      excepted.delete("");
      const command = `export NO_PROXY=${shellWord([...excepted].join(","))}`;
      const set = VARIABLES.flatMap((name) => variable(env, name) ?? []).map(({ name, value }) => ({
        name,
        value: withoutCredentials(value),
      }));
      // A proxy on loopback is a sidecar: meant so.
      const foreign = set.filter(({ value }) => !isLoopbackHost(hostOf(value)));
      return warn(
        ...foreign.map(({ name, value }) => ({
          message: `Connection to "http://${captured[0]}" uses proxy ${quoted(value)} (${name}). If that is not intended, adjust your proxy settings`,
          fix: `run "${command}" before`,
          command,
        })),
      );
    },
  };
}
