import { expect, test } from "bun:test";
import { Glob } from "bun";
import { parseGoldenCase, translateCase } from "./testing/golden-case.ts";

const FOLDER = `${import.meta.dir}/testdata`;
const FILES = [...new Glob("*.yaml").scanSync(FOLDER)].sort();

test("there are golden cases", () => {
  expect(FILES.length).toBeGreaterThan(0);
});

test.each(FILES)("golden %s", async (file) => {
  const parsed = parseGoldenCase(await Bun.file(`${FOLDER}/${file}`).text(), file);
  expect(translateCase(parsed)).toEqual(parsed.expected as Record<string, never>);
});
