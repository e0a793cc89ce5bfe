// The port that says what machine this is: its kernel's files, its limits and names, who holds a port. It changes nothing.

export type TextReading =
  | { readonly kind: "read"; readonly text: string }
  | { readonly kind: "missing" }
  /** It is there, but not for us: "EACCES", "EISDIR"; "no regular file" of pipes and devices. */
  | { readonly kind: "failed"; readonly code: string };

export type PathState =
  | {
      readonly kind: "folder" | "file" | "other";
      /** Permission bits, 0o777 at most. */
      readonly mode: number;
      readonly ownerId: number;
      /** For us, as we run. */
      readonly isWritable: boolean;
      readonly isExecutable: boolean;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly code: string };

export interface PortHolder {
  readonly pid: number;
  /** Program and arguments, cut at 200 characters. */
  readonly command: string;
}

export interface Certificate {
  /** "CN=example.com" */
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export type CertificateReading =
  | { readonly kind: "read"; readonly certificates: readonly Certificate[] }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly reason: string };

export interface Machine {
  /** "linux", "darwin" */
  readonly platform: string;
  readonly hostname: string;
  /** Of this process: undefined where there are no such ids. */
  readonly userId: number | undefined;
  /** Hardware threads that this process may use. */
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** Of the runtime that runs us, "1.4.5". */
  readonly runtimeVersion: string;
  /** A small file at once, as those below /proc and /sys are; what is beyond 1 MiB is cut off. A name in .gz is unpacked. */
  readText(path: string): TextReading;
  /** Names in a folder; undefined when it cannot be read. */
  list(path: string): readonly string[] | undefined;
  /** Symbolic links are followed. */
  inspect(path: string): PathState;
  /** Of the file system that `path` is on, for such users as we are; undefined when it cannot be told. */
  freeBytes(path: string): number | undefined;
  /** The process that listens on host:port, or on the port at every address; undefined when it is not ours to see. */
  portHolder(host: string, port: number): PortHolder | undefined;
  /** A program that connects to its arguments 1 and 2, host and port, and ends with 0 when that arrives at port 3 of 127.0.0.1. */
  readonly redirectProbe: readonly string[];
  /** Every certificate of a PEM file. */
  readCertificates(path: string): CertificateReading;
}
