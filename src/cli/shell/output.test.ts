// The formats of a result: one value in all of them.
import { expect, test } from "bun:test";
import { parse } from "yaml";
import { formatResult } from "./output.ts";

const SOURCE = { file: "mesh.yaml", line: 7 };
const VALUE = { first: { source: SOURCE }, second: { source: SOURCE } };
const RESULT = { table: () => [["NAME"], ["a"]], value: VALUE };

test("YAML says what JSON says, and writes out what stands twice", () => {
  const yaml = formatResult("yaml", RESULT);
  expect(yaml).not.toMatch(/[&*]/);
  expect(parse(yaml)).toEqual(JSON.parse(formatResult("json", RESULT)));
});

test("wide is the table where there is nothing more to show", () => {
  expect(formatResult("wide", RESULT)).toBe(formatResult("table", RESULT));
});
