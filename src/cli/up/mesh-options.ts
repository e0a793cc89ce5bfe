// What every part of a mesh on one machine needs: where the pilot is, how programs and proxies are started, whom to tell.
import type { Clock } from "#base/clock.ts";
import type { SocketAddress } from "#base/net.ts";
import type { PartRecorder } from "./parts.ts";
import type { ProbePorts } from "./probe-runner.ts";
import type { Reporter } from "./reporter.ts";

export interface MeshOptions {
  /** The configuration folder; instances run in it. */
  readonly directory: string;
  /** The environment that `up` itself was given. */
  readonly env: Readonly<Record<string, string>>;
  readonly xds: SocketAddress;
  readonly pilotHttp: SocketAddress;
  readonly pilotCommand: readonly [string, ...string[]];
  /** The command that runs a proxy on a bootstrap file. */
  readonly proxyCommand: (bootstrapFile: string) => readonly [string, ...string[]];
  readonly ports: ProbePorts & { readonly clock: Clock };
  readonly reporter: Reporter;
  readonly parts: PartRecorder;
  /** Writes a file that the proxies may read, and answers its path. */
  readonly writeFile: (name: string, text: string) => string;
  readonly isPortFree: (host: string, port: number) => boolean;
}
