// Runs examples/*/check.sh, one after another: each starts what it shows, asserts it, and ends all that it started.
import { Glob } from "bun";

const root = `${import.meta.dir}/..`;
/** An example that takes longer than this is no example. */
const LIMIT_MS = 120_000;

const checks: string[] = [...new Glob("examples/*/check.sh").scanSync({ cwd: root })].sort();
if (checks.length === 0) {
  console.error("no examples/*/check.sh found");
  process.exit(1);
}
let failed = 0;
for (const check of checks) {
  const child = Bun.spawn(["bash", check], {
    cwd: root,
    stdout: "inherit",
    stderr: "inherit",
    timeout: LIMIT_MS,
  });
  const status = await child.exited;
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${check}`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
