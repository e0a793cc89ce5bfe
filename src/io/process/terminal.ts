// The terminal of this process: its standard streams, its size, its keys.
import type { Terminal } from "#base/terminal.ts";

/** `wantsColor`: false when the command line says --no-color. `onOutputClosed`: whoever read from us has gone, as `head` does. */
export function ownTerminal(wantsColor: boolean, onOutputClosed: () => void): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const isInteractive = stdout.isTTY === true;
  stdout.on("error", onOutputClosed);
  stderr.on("error", () => {});
  return {
    write: (text) => {
      try {
        stdout.write(text);
      } catch {
        onOutputClosed(); // EPIPE
      }
    },
    writeError: (text) => void stderr.write(text),
    isInteractive,
    showsProgress: stderr.isTTY === true && env["TERM"] !== "dumb",
    hasColor:
      wantsColor && isInteractive && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    // 0: a terminal that does not tell.
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    onResize: (listener) => {
      stdout.on("resize", listener);
      return { close: () => void stdout.off("resize", listener) };
    },
    onKey: (listener) => {
      if (stdin.isTTY !== true) return { close() {} };
      const read = (bytes: Buffer): void => listener(bytes.toString("utf8"));
      stdin.setRawMode(true);
      stdin.resume();
      stdin.on("data", read);
      return {
        close: () => {
          stdin.off("data", read);
          stdin.pause();
          stdin.setRawMode(false);
        },
      };
    },
    readInput: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks).toString("utf8");
    },
  };
}
