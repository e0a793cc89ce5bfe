// A shell that runs the commands of one page, one after another, in a copy of the project's folder; and those that stay.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peerFolders } from "../../test/support/peers.ts";

export interface Printed {
  readonly lines: readonly string[];
  readonly status: number;
}

/** What a page may change is copied; the rest is the project itself. */
const COPIED: readonly string[] = ["examples"];
const LINKED: readonly string[] = ["bin", "src", "node_modules", "package.json", "docs", "test"];

/** Nothing on a page takes longer. */
const COMMAND_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** As on a machine of nobody: no proxy in between, no colours, state of its own. */
function environment(home: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/_proxy$|^SAMPAN_|^XDG_|^NO_COLOR$|^CI$|^HOME$/i.test(name),
  );
  const program = join(home, "../sampan/bin"); // the guides say `sampan`, and how to make that so
  const path = [program, ...peerFolders(), process.env["PATH"] ?? ""].join(":");
  return { ...Object.fromEntries(kept), PATH: path, HOME: home, LC_ALL: "C.UTF-8", TERM: "dumb" };
}

interface Staying {
  readonly process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly text: () => string;
  readonly ended: Promise<unknown>;
}

async function gather(
  stream: ReadableStream<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

export class ShellSession {
  readonly #folder = mkdtempSync(join(tmpdir(), "transcript-"));
  readonly #mark = `--${crypto.randomUUID()}--`;
  readonly #env: Record<string, string | undefined>;
  readonly #shell: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #staying: Staying[] = [];
  #text = "";
  #changed = Promise.withResolvers<void>();

  constructor(root: string) {
    const project = join(this.#folder, "sampan");
    const home = join(this.#folder, "home");
    mkdirSync(project);
    mkdirSync(home);
    for (const name of COPIED) cpSync(join(root, name), join(project, name), { recursive: true });
    for (const name of LINKED) symlinkSync(join(root, name), join(project, name));
    this.#env = environment(home);
    this.#shell = Bun.spawn(["bash", "--norc", "--noprofile"], {
      cwd: project,
      env: this.#env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void gather(this.#shell.stdout, (text) => {
      this.#text += text;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  /** What the command prints on both streams, as a person would see it. */
  async run(command: string): Promise<Printed> {
    this.#text = "";
    // The next command sees the status of this one in $?, not that of the mark.
    this.#shell.stdin.write(
      `(exit "\${last_status:-0}"); eval ${quote(command)} </dev/null 2>&1\nlast_status=$?; printf '%s%d\\n' '${this.#mark}' $last_status\n`,
    );
    await this.#shell.stdin.flush();
    const deadline = Date.now() + COMMAND_LIMIT_MS;
    while (!this.#text.includes(this.#mark)) {
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`no end after ${COMMAND_LIMIT_MS / 1000} s; so far:\n${this.#text}`);
      await Promise.race([this.#changed.promise, Bun.sleep(Math.min(left, 1_000))]);
    }
    const [output = "", status = ""] = this.#text.split(this.#mark);
    return { lines: output.split("\n"), status: Number.parseInt(status, 10) };
  }

  /** Starts a command that runs until the end of the page; `isShown` says when what it has printed is what the page shows. */
  async start(
    command: string,
    isShown: (lines: readonly string[]) => boolean,
  ): Promise<readonly string[]> {
    let text = "";
    const started = Bun.spawn(["bash", "-c", `${command} 2>&1`], {
      cwd: join(this.#folder, "sampan"),
      env: this.#env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      detached: true, // a process group, so that Ctrl-C reaches all of it
    });
    const ended = gather(started.stdout, (more) => {
      text += more;
    });
    this.#staying.push({ process: started, text: () => text, ended });
    const deadline = Date.now() + COMMAND_LIMIT_MS;
    while (Date.now() < deadline && started.exitCode === null && !isShown(text.split("\n"))) {
      await Bun.sleep(50);
    }
    return text.split("\n");
  }

  /** Ctrl-C in every terminal; says what did not end. */
  async close(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const { process: staying, text, ended } of this.#staying.toReversed()) {
      interrupt(staying.pid);
      const isOver = await Promise.race([
        Promise.all([staying.exited, ended]).then(() => true),
        Bun.sleep(STOP_LIMIT_MS).then(() => false),
      ]);
      if (isOver) continue;
      problems.push(`a command that stays did not end after Ctrl-C; it printed:\n${text()}`);
      staying.kill("SIGKILL");
    }
    this.#shell.stdin.end();
    const late = setTimeout(() => this.#shell.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.#shell.exited;
    clearTimeout(late);
    rmSync(this.#folder, { recursive: true, force: true });
    return problems;
  }
}

function interrupt(group: number): void {
  try {
    process.kill(-group, "SIGINT");
  } catch {
    // It has ended by itself.
  }
}
