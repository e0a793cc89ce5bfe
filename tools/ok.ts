// Everything that must hold, in the order that fails fastest: format and lint, layers, types, dead code, tests, examples.
const root = `${import.meta.dir}/..`;
const bin = `${root}/node_modules/.bin`;

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
  { name: "tests", command: ["npm", "test"] },
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

const failed: string[] = [];
for (const step of STEPS) if (!(await run(step))) failed.push(step.name);
if (failed.length > 0) {
  console.error(`Not ok: ${failed.join(", ")}`);
  process.exit(1);
}
