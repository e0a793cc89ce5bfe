// Rewrites the expected part of every golden case of the translation; the diff is the review. Run by `npm run golden`.
import { Glob } from "bun";
import { stringify } from "yaml";
import { parseGoldenCase, translateCase } from "../src/pilot/translate/testing/golden-case.ts";

const FOLDER = `${import.meta.dir}/../src/pilot/translate/testdata`;

let changed = 0;
let count = 0;
for (const file of [...new Glob("*.yaml").scanSync(FOLDER)].sort()) {
  count += 1;
  const path = `${FOLDER}/${file}`;
  const text = await Bun.file(path).text();
  const parsed = parseGoldenCase(text, file);
  const expected = stringify({ expected: translateCase(parsed) }, { lineWidth: 120 });
  const written = `${parsed.input}\n---\n${expected}`;
  if (written === text) continue;
  await Bun.write(path, written);
  changed += 1;
  console.log(`rewritten: ${file}`);
}
if (count === 0) throw new Error(`no golden case in ${FOLDER}`);
console.log(`${count} cases, ${changed} rewritten`);
