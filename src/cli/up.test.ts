// The help of `sampan up`, which ends with its phases as kubeadm's does.
import { expect, test } from "bun:test";
import { formatPhaseList } from "#preflight/phases/phase-text.ts";
import { runCommandLine } from "./program.ts";
import { fakeShell } from "./testing/fake-shell.ts";
import { UP_PHASES } from "./up/phases/all.ts";

test.each([40, 80, 200])("at %i columns the list of phases stands as it is", async (columns) => {
  const { shell, ran } = fakeShell();
  const terminal = { ...shell.terminal, size: () => ({ columns, rows: 24 }) };
  await runCommandLine(["up", "--help"], { ...shell, terminal });
  expect(ran().stdout).toContain(`\n${formatPhaseList("up", UP_PHASES)}\nExamples:\n`);
});
