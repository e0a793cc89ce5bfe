// Everything that must hold, in the order that fails fastest: format and lint, layers, types, dead code, generated files,
// tests, documents, examples. Prints `N passed, N failed` of the tests at the end. Run: npm run ok
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = `${import.meta.dir}/..`;
const bin = `${root}/node_modules/.bin`;
const scratch: string = mkdtempSync(join(tmpdir(), "sampan-ok-"));
const report: string = join(scratch, "tests.xml");

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const STEPS: readonly Step[] = [
  { name: "format and lint", command: [`${bin}/biome`, "ci", "."] },
  { name: "layers", command: [`${bin}/bun`, "test", "tools/layers.test.ts"] },
  { name: "types", command: [`${bin}/tsc`, "-p", "."] },
  { name: "dead code", command: [`${bin}/knip`] },
  { name: "generated API", command: [`${bin}/bun`, "tools/generate-api.ts", "--check"] },
  { name: "reference pages", command: [`${bin}/bun`, "tools/generate-reference.ts", "--check"] },
  {
    name: "tests",
    command: ["npm", "test", "--silent", "--", "--reporter=junit", `--reporter-outfile=${report}`],
  },
  { name: "documents", command: [`${bin}/bun`, "tools/transcripts.ts"] },
  { name: "examples", command: [`${bin}/bun`, "tools/examples.ts"] },
];

async function run(step: Step): Promise<boolean> {
  const startedMs = performance.now();
  const child = Bun.spawn([...step.command], { cwd: root, stdout: "inherit", stderr: "inherit" });
  const passed = (await child.exited) === 0;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${passed ? "ok  " : "FAIL"} ${step.name} (${seconds} s)`);
  return passed;
}

/** The totals of the first element of a JUnit file. */
function countTests(xml: string): string {
  const suites = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suites)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  const skipped = number("skipped");
  const passed = number("tests") - failed - skipped;
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

const failed: string[] = [];
for (const step of STEPS) if (!(await run(step))) failed.push(step.name);
let totals = "0 passed, 0 failed";
try {
  totals = countTests(readFileSync(report, "utf8"));
} catch {
  failed.push("no test report");
}
rmSync(scratch, { recursive: true });
if (failed.length > 0) console.error(`Not ok: ${failed.join(", ")}`);
console.log(totals);
process.exit(failed.length > 0 ? 1 : 0);
