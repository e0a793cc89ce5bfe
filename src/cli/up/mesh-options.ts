// What every part of a mesh on one machine needs: where the pilot is, how programs and proxies are started, whom to tell.
import type { Clock } from "#base/clock.ts";
import type { SocketAddress } from "#base/net.ts";
import { bootstrapFor, type ProxyIdentity } from "./bootstrap.ts";
import { readProxyError } from "./log-line.ts";
import type { ProbePorts } from "./probe-runner.ts";
import type { Reporter } from "./reporter.ts";
import { describeCrash, Supervised } from "./supervised.ts";

export interface MeshOptions {
  /** The configuration folder; instances run in it. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly xds: SocketAddress;
  readonly pilotHttp: SocketAddress;
  readonly pilotCommand: readonly [string, ...string[]];
  /** The command that runs a proxy on a bootstrap file. */
  readonly proxyCommand: (bootstrapFile: string) => readonly [string, ...string[]];
  readonly ports: ProbePorts & { readonly clock: Clock };
  readonly reporter: Reporter;
  /** Writes a file that the proxies may read, and answers its path. */
  readonly writeFile: (name: string, text: string) => string;
  readonly isPortFree: (host: string, port: number) => boolean;
}

/** A proxy with this identity under the pilot; not started yet. */
export function createProxy(options: MeshOptions, identity: ProxyIdentity): Supervised {
  const { reporter, ports, xds, writeFile, proxyCommand, directory, env } = options;
  const name = `${identity.name} proxy`;
  const text = `${JSON.stringify(bootstrapFor(identity, xds), undefined, 2)}\n`;
  // The address is part of the name: an instance and the one that replaces it are there at once.
  const file = writeFile(`${identity.name}-${identity.admin.host}.json`, text);
  return new Supervised({
    name,
    program: {
      command: proxyCommand(file),
      directory,
      env,
      onLine: (line) => {
        const error = readProxyError(line);
        if (error === undefined) reporter.output(name, line);
        else reporter.error(name, error);
      },
    },
    ...ports,
    onStarted: () => {},
    onCrashed: (crash) => reporter.crash(name, describeCrash(crash), crash.lastLines),
  });
}
