import { expect, test } from "bun:test";

test("the schemas in the tree are what the published definitions give", async () => {
  const tool = `${import.meta.dir}/generate-crd-schemas.ts`;
  const run = Bun.spawn([process.execPath, tool, "--check"], { stderr: "pipe" });
  expect(await new Response(run.stderr).text()).toBe("");
  expect(await run.exited).toBe(0);
});
