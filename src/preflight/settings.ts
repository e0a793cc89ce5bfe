// What the checks of one run are about: ports, folders, limits. Made from flags and configuration by whoever starts something.
import type { SocketAddress } from "#base/net.ts";

export type PreflightCommand = "pilot" | "proxy" | "up";

export interface WantedPort {
  readonly address: SocketAddress;
  /** "the pilot's xDS" */
  readonly purpose: string;
  /** How to do without this port: "choose another one with --xds-address"; undefined: not at all. */
  readonly alternative: string | undefined;
  /** Several processes may share it (SO_REUSEPORT). */
  readonly isShared: boolean;
}

export interface WantedFolder {
  readonly path: string;
  /** "registered instances" */
  readonly purpose: string;
  /** "--state-dir" */
  readonly changedBy: string;
}

export interface NamedFile {
  readonly path: string;
  /** Where it is named: "bootstrap.yaml: static_resources.clusters[0]", "--cert". */
  readonly namedBy: string;
}

/** Of a configuration: every line that is wrong with it. */
export type ConfigurationReading =
  | {
      readonly kind: "read";
      readonly errors: readonly string[];
      readonly warnings: readonly string[];
    }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface PreflightSettings {
  /** Of sampan itself. */
  readonly version: string;
  /** The runtime that it is made for, as package.json pins it. */
  readonly wantedRuntime: string;
  readonly ports: readonly WantedPort[];
  /** One process may need this many files at once, and why. */
  readonly openFiles: { readonly needed: number; readonly why: string };
  /** Memory that everything together needs. */
  readonly memory: { readonly neededBytes: number; readonly why: string };
  /** Threads that work at the same time. */
  readonly workerCount: number;
  readonly folders: readonly WantedFolder[];
  readonly certificates: readonly NamedFile[];
  /** Host names that the configuration connects to. */
  readonly hostnames: readonly string[];
  /** Which data plane runs; undefined: none. */
  readonly dataPlane: "sampan" | "envoy" | undefined;
  /** Addresses of loopback that are listened on beyond 127.0.0.1. */
  readonly loopback: readonly string[];
  /** A pilot that runs already, to compare with. */
  readonly pilot: SocketAddress | undefined;
  /** Traffic is to be caught by the kernel. */
  readonly interception: boolean;
  /** Reads and checks the configuration; undefined: there is none, or somebody else says what is wrong with it. */
  readonly readConfiguration: (() => Promise<ConfigurationReading>) | undefined;
}
