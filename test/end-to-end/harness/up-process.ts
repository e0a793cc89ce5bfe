// One run of `bin/sampan up`, as a user's shell starts it: on a pipe or in a terminal; what it prints, what it starts, how it ends.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { until } from "../../support/envoy.ts";
import { type ProcessInfo, processesOf } from "./processes.ts";

export const ROOT: string = join(import.meta.dir, "..", "..", "..");
const SAMPAN = join(ROOT, "bin", "sampan");

/** Where the runs of this test file keep what they keep: never in the home of whoever runs the tests. */
export const STATE_HOME: string = realpathSync(mkdtempSync(join(tmpdir(), "sampan-state-")));
process.on("exit", () => rmSync(STATE_HOME, { recursive: true, force: true }));

export interface UpOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its output is a terminal's, and `type` reaches it. */
  readonly inTerminal?: boolean;
  /** This phase alone. */
  readonly phase?: string;
  /** Lets a shell run what this makes of the command. */
  readonly shell?: (command: string) => string;
}

/** What a user's shell has, without what would lead requests or colours astray; `programPath` can be called by name. */
export function userEnvironment(programPath?: string): Record<string, string> {
  const { HTTP_PROXY, http_proxy, NO_COLOR, FORCE_COLOR, ...rest } = process.env;
  const env: Record<string, string> = { XDG_STATE_HOME: STATE_HOME };
  for (const [name, value] of Object.entries(rest))
    if (value !== undefined && name !== "XDG_STATE_HOME") env[name] = value;
  if (programPath !== undefined) {
    env["PATH"] = `${dirname(programPath)}${delimiter}${env["PATH"] ?? ""}`;
  }
  return env;
}

export class UpProcess {
  /** Every path and process of the run has it in its name. */
  readonly folder: string;
  readonly #child: Bun.Subprocess;
  #output = "";

  /** `folder` as /proc shows it: absolute, without links. */
  constructor(folder: string, options: UpOptions = {}) {
    const { flags = [], env = {}, inTerminal = false, phase, shell } = options;
    this.folder = folder;
    const decoder = new TextDecoder();
    const environment = { env: { ...userEnvironment(), ...env } };
    const called = phase === undefined ? ["up"] : ["up", "phase", phase];
    const plain = [SAMPAN, ...called, folder, ...flags];
    const command = shell === undefined ? plain : ["/bin/sh", "-c", shell(plain.join(" "))];
    if (inTerminal) {
      const data = (_terminal: unknown, bytes: Uint8Array): void => {
        this.#output += decoder.decode(bytes, { stream: true }).replaceAll("\r", "");
      };
      this.#child = Bun.spawn(command, { ...environment, terminal: { cols: 200, rows: 50, data } });
    } else {
      const child = Bun.spawn(command, { ...environment, stdout: "pipe", stderr: "pipe" });
      this.#collect(child.stdout).catch(() => {});
      this.#collect(child.stderr).catch(() => {});
      this.#child = child;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Exit status, 128 and more for a signal as a shell says it. */
  get exited(): Promise<number> {
    return this.#child.exited;
  }

  output(): string {
    return this.#output;
  }

  /** Waits until the output has `text` in it; throws with the output when that does not come. */
  async says(text: string | RegExp, limitMs = 10_000): Promise<void> {
    const hasIt = (): boolean =>
      typeof text === "string" ? this.#output.includes(text) : text.test(this.#output);
    try {
      await until(() => hasIt() || !this.isRunning, limitMs);
    } catch {
      // Told below.
    }
    if (!hasIt()) throw new Error(`never said ${text}:\n${this.#output}`);
  }

  type(text: string): void {
    this.#child.terminal?.write(text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Everything that it started and that runs now: what works in its folder, or names the run directory. */
  processes(): readonly ProcessInfo[] {
    return processesOf(this.folder, STATE_HOME).filter(({ pid }) => pid !== this.pid);
  }

  /** The process whose command line matches; undefined while there is none. */
  pidOf(pattern: RegExp): number | undefined {
    return this.processes().find(({ command }) => pattern.test(command))?.pid;
  }

  /** Asks it to end, and answers its exit status. */
  async stop(): Promise<number> {
    if (this.isRunning) this.signal("SIGTERM");
    return await this.exited;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) this.#output += decoder.decode(bytes, { stream: true });
  }
}

/** The run directories that there are, also those in places of refuge. */
export function runDirectories(): readonly string[] {
  const refuges = readdirSync(tmpdir()).filter((name) => name.startsWith("sampan-up-"));
  try {
    return [...readdirSync(join(STATE_HOME, "sampan", "meshes")), ...refuges];
  } catch {
    return refuges; // no mesh has ever run
  }
}
