// A program run to its end by pipe: what it prints on each stream, and its status.

export interface ProgramRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Nothing unless told. */
  readonly input?: string;
}

export async function runProgram(
  command: readonly [string, ...string[]],
  { directory = process.cwd(), env = process.env, input }: ProgramOptions = {},
): Promise<ProgramRun> {
  const child = Bun.spawn([...command], {
    cwd: directory,
    env,
    stdin: input === undefined ? "ignore" : new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}
