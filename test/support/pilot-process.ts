// `sampan pilot` as a process on ports that the kernel chose, for tests that come from outside.
import { join } from "node:path";

export const SAMPAN: string = join(import.meta.dir, "../../bin/sampan");

export type PilotProcess = ReturnType<typeof Bun.spawn>;

/** Resolves when it serves `config`, with its addresses. Its state is kept beside the folder. */
export async function startPilotProcess(
  config: string,
): Promise<readonly [process: PilotProcess, http: string, xds: string]> {
  const flags = ["--xds-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
  const state = ["--state-dir", `${config}-state`, "--ignore-preflight-errors=all"];
  const started = Bun.spawn([SAMPAN, "pilot", "--config", config, ...flags, ...state], {
    stdout: "pipe",
    stderr: "ignore",
  });
  let output = "";
  for await (const chunk of started.stdout) {
    output += new TextDecoder().decode(chunk);
    const [, xds, http] = /^ready xds (\S+) http (\S+)$/m.exec(output) ?? [];
    if (xds !== undefined && http !== undefined) return [started, http, xds];
  }
  throw new Error(`the pilot ended: ${output}`);
}
