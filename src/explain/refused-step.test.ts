// What a proxy refused stands first in an explanation, and at a bounded length.
import { expect, test } from "bun:test";
import { explain } from "./explain.ts";
import { EMPTY_CONFIGURATION, type ProxyConfiguration } from "./proxy-configuration.ts";

const REQUEST = {
  method: "GET",
  scheme: "http",
  authority: "a",
  path: "/",
  headers: [],
  entrance: { kind: "httpProxy" },
} as const;

const titles = (configuration: ProxyConfiguration): readonly string[] =>
  explain(configuration, REQUEST).steps.map(({ title }) => title);

test("an explanation begins with what the proxy refused, and what it does not use yet", () => {
  const configuration: ProxyConfiguration = {
    ...EMPTY_CONFIGURATION,
    rejected: [{ kind: "listener", name: "0.0.0.0_80", details: "address in use" }],
    warming: [{ kind: "cluster", name: "c" }],
  };
  expect(explain(configuration, REQUEST).steps[0]).toMatchObject({
    mark: "note",
    title: "Configuration",
    facts: ["refused: listener 0.0.0.0_80: address in use", "not in use yet: cluster c"],
  });
});

test("it says nothing where all is in use, and not everything where much is not", () => {
  expect(titles(EMPTY_CONFIGURATION)).toEqual(["Listener"]);
  const warming = Array.from(
    { length: 9 },
    (_, i) => ({ kind: "cluster", name: `c${i}` }) as const,
  );
  const [step] = explain({ ...EMPTY_CONFIGURATION, warming }, REQUEST).steps;
  expect(step?.facts).toHaveLength(5);
  expect(step?.facts?.at(-1)).toBe("… and 5 more");
});
