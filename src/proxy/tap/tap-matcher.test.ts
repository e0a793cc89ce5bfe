// A tap's rules over any tree, any head and any response: as plain logic says, and never an exception.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { headerName } from "#codec/header-name.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import type { HeaderMatcher } from "../config/matcher-config.ts";
import type { TapPredicate } from "../config/tap-config.ts";
import { createRequest } from "../route/testing/request.ts";
import { TapMatcher } from "./tap-matcher.ts";
import { TapRegistry } from "./tap-registry.ts";
import { TapSessions } from "./tap-sessions.ts";

interface Given {
  readonly path: string;
  readonly header: string | undefined;
  /** undefined: no response. */
  readonly status: number | undefined;
}

const matcher = (name: string, test: HeaderMatcher["test"], invert: boolean): HeaderMatcher => ({
  name: headerName(name),
  test,
  invert,
  treatMissingAsEmpty: false,
});

/** A rule, and what it says of a request in plain words. */
interface Rule {
  readonly predicate: TapPredicate;
  holds(given: Given): boolean;
}

const prefix = (value: string): HeaderMatcher["test"] => ({
  kind: "string",
  matcher: { kind: "prefix", value, ignoreCase: false },
});

const leaf: fc.Arbitrary<Rule> = fc.oneof(
  fc.constant<Rule>({ predicate: { kind: "any" }, holds: () => true }),
  fc.tuple(fc.constantFrom("/", "/a", "/ab"), fc.boolean()).map(
    ([start, invert]): Rule => ({
      predicate: {
        kind: "requestHeaders",
        headers: [matcher(":path", prefix(start), invert)],
      },
      holds: ({ path }) => path.startsWith(start) !== invert,
    }),
  ),
  fc.boolean().map(
    (present): Rule => ({
      predicate: {
        kind: "requestHeaders",
        headers: [
          matcher("x-user", { kind: "present", present }, false),
          matcher(":path", prefix("/"), false),
        ],
      },
      holds: ({ header }) => (header !== undefined) === present,
    }),
  ),
  fc.constantFrom("2", "50", "503").map(
    (start): Rule => ({
      predicate: { kind: "responseHeaders", headers: [matcher(":status", prefix(start), false)] },
      holds: ({ status }) => status !== undefined && String(status).startsWith(start),
    }),
  ),
);

const rule: fc.Arbitrary<Rule> = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie("rule").map(
      (one): Rule => ({
        predicate: { kind: "not", rule: one.predicate },
        holds: (given) => !one.holds(given),
      }),
    ),
    fc
      .tuple(
        fc.constantFrom("and" as const, "or" as const),
        fc.array(tie("rule"), { maxLength: 3 }),
      )
      .map(
        ([kind, rules]): Rule => ({
          predicate: { kind, rules: rules.map(({ predicate }) => predicate) },
          holds: (given) =>
            kind === "and"
              ? rules.every((one) => one.holds(given))
              : rules.some((one) => one.holds(given)),
        }),
      ),
  ),
})).rule;

const given: fc.Arbitrary<Given> = fc.record({
  path: fc.constantFrom("/", "/a", "/abc", "/b"),
  header: fc.option(fc.constantFrom("", "jason"), { nil: undefined }),
  status: fc.option(fc.constantFrom(200, 404, 500, 503), { nil: undefined }),
});

test("rules say what they mean", () => {
  fc.assert(
    fc.property(
      rule,
      fc.array(given, { minLength: 1, maxLength: 4 }),
      ({ predicate, holds }, all) => {
        const compiled = new TapMatcher(predicate);
        for (const one of all) {
          const { path, header, status } = one;
          const head = createRequest({
            path,
            headers: header === undefined ? [] : [["x-user", header]],
          });
          const looked = compiled.look(head);
          const response = new ResponseHead();
          response.status = status ?? 0;
          head.setPath("/rewritten"); // what the router does later changes nothing
          expect(compiled.matches(looked, status === undefined ? undefined : response)).toBe(
            holds(one),
          );
        }
      },
    ),
  );
});

test("whatever is asked for is shown or refused with a sentence", () => {
  const registry = new TapRegistry();
  registry.source("x");
  const body = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.json().map((json) => `{"config_id":"x","tap_config":${json}}`),
    fc
      .json()
      .map((json) => `{"config_id":"x","tap_config":{"match":${json},"output_config":${json}}}`),
    fc
      .array(fc.constantFrom("not_match", "any_match", "or_match", "rules"), { maxLength: 200 })
      .map((names) => names.reduceRight((inner, name) => `{"${name}":${inner}}`, "true"))
      .map((match) => `{"config_id":"x","tap_config":{"match":${match}}}`),
  );
  fc.assert(
    fc.property(body, (text) => {
      const sessions = new TapSessions(registry, () => {});
      const attached = sessions.attach(text, false, { write: () => true });
      if (attached.kind === "attached") attached.close();
      else expect(attached.message).not.toBe("");
    }),
  );
  expect(registry.source("x").taps).toEqual([]);
});
