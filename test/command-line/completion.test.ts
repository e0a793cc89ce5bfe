// Completion as a person meets it: real shells in a real terminal, the Tab key, and what then stands on the line.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPeer, mustSkip } from "../support/peers.ts";
import { type OpenTerminal, openTerminal } from "../support/pty.ts";

const BIN = join(import.meta.dir, "../../bin");
const TAB = "\t";

const home = mkdtempSync(join(tmpdir(), "completion-"));
writeFileSync(join(home, "bootstrap-one.yaml"), "");

/** A pilot with one proxy, as far as names are concerned. */
const pilot = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => Response.json([{ name: "reviews-v1-1", namespace: "default", type: "sidecar" }]),
});

afterAll(async () => {
  await pilot.stop(true);
  rmSync(home, { recursive: true });
});

interface ShellCase {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Typed first: loads the completion, then clears the screen. */
  readonly setUp: string;
  readonly showsDescriptions: boolean;
  /** Pressed until candidates are listed. */
  readonly listKeys: string;
}

const SHELLS: readonly ShellCase[] = [
  {
    name: "bash",
    command: ["bash", "--norc", "--noprofile", "-i"],
    setUp: "PS1='> '; source <(sampan completion bash); clear\r",
    showsDescriptions: false,
    listKeys: TAB + TAB,
  },
  {
    name: "zsh",
    command: ["zsh", "-f", "-i"],
    setUp: "PS1='> '; autoload -U compinit; compinit -D; source <(sampan completion zsh); clear\r",
    showsDescriptions: true,
    listKeys: TAB,
  },
  {
    name: "fish",
    command: ["fish", "--no-config", "-i"],
    setUp:
      "function fish_prompt; echo -n '> '; end; set -g fish_autosuggestion_enabled 0; sampan completion fish | source; clear\r",
    showsDescriptions: true,
    listKeys: TAB,
  },
];

for (const { name, command, setUp, showsDescriptions, listKeys } of SHELLS) {
  describe.skipIf(mustSkip(findPeer(name)))(name, () => {
    async function open(): Promise<OpenTerminal> {
      const terminal = openTerminal(command, {
        directory: home,
        env: {
          PATH: `${BIN}:${process.env["PATH"]}`,
          HOME: home,
          XDG_CONFIG_HOME: home,
          XDG_DATA_HOME: home,
          INPUTRC: "/dev/null",
          LANG: "C.UTF-8",
          SAMPAN_PILOT: `127.0.0.1:${pilot.port}`,
        },
      });
      terminal.type(setUp);
      await terminal.waitFor(/^> *$/);
      return terminal;
    }

    test.each([
      ["sampan comp", "sampan completion"],
      ["sampan completion fi", "sampan completion fish"],
      ["sampan up --data-pl", "sampan up --data-plane"],
      ["sampan up --data-plane en", "sampan up --data-plane envoy"],
      ["sampan up --data-plane=en", "sampan up --data-plane=envoy"],
      ["sampan proxy -c boot", "sampan proxy -c bootstrap-one.yaml"],
      ["sampan x pil", "sampan x pilot"],
      ["sampan pc cluster rev", "sampan pc cluster reviews-v1-1"],
      ["sampan why GET http://x:1/ --from=rev", "sampan why GET http://x:1/ --from=reviews-v1-1"],
      [
        "sampan preflight --ignore-preflight-errors=Swap,Host",
        "sampan preflight --ignore-preflight-errors=Swap,Hostname",
      ],
      ["sampan help pil", "sampan help pilot"],
      ["sampan why-code via_", "sampan why-code via_upstream"],
    ])("%s, Tab", async (typed, wanted) => {
      const terminal = await open();
      try {
        terminal.type(typed + TAB);
        await terminal.waitFor(`> ${wanted}`);
      } finally {
        await terminal.close();
      }
    });

    test("what is ambiguous is listed, with descriptions where the shell shows them", async () => {
      const terminal = await open();
      try {
        terminal.type(`sampan p${listKeys}`);
        const screen = await terminal.waitFor(/pilot\b[\s\S]*proxy\b/);
        expect(screen).not.toContain("completion");
        if (showsDescriptions) expect(screen).toContain("run the data plane");
      } finally {
        await terminal.close();
      }
    });
  });
}
