// Test cases -> what came of each: every request of a case is explained, and compared with what the case expects.
import type { HTTPRoute } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import type { YamlPosition } from "#api/yaml.ts";
import { parseFieldPath } from "#base/field-path.ts";
import { type Explanation, explain, type Origin } from "#explain/explain.ts";
import type { ConfigObject } from "#pilot/model/object.ts";
import type { FolderWorld } from "../client/folder-world.ts";
import { compare } from "./compare.ts";
import type { ConfigurationSource, TestedProxy } from "./configuration-source.ts";
import { Coverage } from "./coverage.ts";
import { type Evaluated, showOutcomes } from "./evaluated.ts";
import { type ExpectedField, FIELD_OF, type TestCase } from "./test-case.ts";
import { inputsOf, type TestInput, toRequest } from "./to-request.ts";

export interface TestFailure {
  /** Of the field that does not hold. */
  readonly position: YamlPosition;
  /** The first request for which it does not; the others fail alike. */
  readonly input: TestInput;
  /** How many of the case's requests fail so. */
  readonly requestCount: number;
  /** "expected …, but got …" */
  readonly message: string;
  /** What decided it, with its place: "route spec.http[1] of VirtualService default/reviews (mesh.yaml:31)". */
  readonly because: string | undefined;
}

export interface TestResult {
  readonly testCase: TestCase;
  readonly position: YamlPosition;
  readonly requestCount: number;
  readonly failures: readonly TestFailure[];
}

export interface TestRun {
  readonly results: readonly TestResult[];
  readonly coverage: Coverage;
}

export async function runTests(
  cases: readonly TestCase[],
  source: ConfigurationSource,
): Promise<TestRun> {
  const coverage = new Coverage(source.world);
  const results: TestResult[] = [];
  for (const testCase of cases) results.push(await runCase(testCase, source, coverage));
  return { results, coverage };
}

async function runCase(
  testCase: TestCase,
  source: ConfigurationSource,
  coverage: Coverage,
): Promise<TestResult> {
  const position = testCase.positionOf([]);
  const inputs = inputsOf(testCase.request);
  const found = await source.find(testCase.from);
  if (found.kind === "failed") {
    const [input] = inputs;
    const failure = input && {
      position: testCase.positionOf(["from"]),
      input,
      requestCount: inputs.length,
      message: found.message,
      because: undefined,
    };
    return { testCase, position, requestCount: inputs.length, failures: failure ? [failure] : [] };
  }
  const failures = new FailureList();
  for (const input of inputs) {
    const { evaluated, because } = await evaluate(
      input,
      testCase,
      found.proxy,
      source.world,
      coverage,
    );
    for (const field of Object.keys(testCase.expected) as ExpectedField[]) {
      const wrong = compare(field, testCase.expected, evaluated);
      const message = testCase.wantMatch ? wrong : unwanted(field, wrong, evaluated);
      if (message === undefined) continue;
      failures.add({
        position: testCase.positionOf([FIELD_OF[field]]),
        input,
        requestCount: 1,
        message,
        because,
      });
    }
  }
  return { testCase, position, requestCount: inputs.length, failures: failures.list() };
}

function unwanted(
  field: ExpectedField,
  wrong: string | undefined,
  { outcomes, namespaces }: Evaluated,
): string | undefined {
  if (wrong !== undefined) return undefined;
  return `wantMatch is false, and yet ${FIELD_OF[field]} is as described: ${showOutcomes(outcomes, namespaces[0])}`;
}

/** Requests that fail in the same words are one failure. */
class FailureList {
  readonly #failures = new Map<string, TestFailure>();

  add(failure: TestFailure): void {
    const { position, message, because } = failure;
    const key = JSON.stringify([position, message, because]);
    const known = this.#failures.get(key);
    const requestCount = 1 + (known?.requestCount ?? 0);
    this.#failures.set(key, { ...(known ?? failure), requestCount });
  }

  /** In the order of the file. */
  list(): readonly TestFailure[] {
    return [...this.#failures.values()].sort((a, b) => a.position.line - b.position.line);
  }
}

async function evaluate(
  input: TestInput,
  testCase: TestCase,
  proxy: TestedProxy,
  world: FolderWorld | undefined,
  coverage: Coverage,
): Promise<{ readonly evaluated: Evaluated; readonly because: string | undefined }> {
  const request = toRequest(input, testCase.request, proxy);
  const explanation = explain(proxy.configuration, request);
  const calm = await proxy.place(explain(proxy.calm, request));
  const origin = routeOrigin(calm);
  coverage.reach(origin);
  const virtualService = origin && findObject(world, origin);
  const spec = origin && virtualService && httpRouteOf(virtualService, origin);
  return {
    evaluated: {
      outcomes: explanation.outcomes,
      calm: calm.outcomes,
      uri: input.uri,
      namespaces: [proxy.namespace, ...(virtualService ? [virtualService.namespace] : [])],
      spec,
      virtualServices: origin?.object.startsWith("VirtualService ")
        ? [origin.object.slice("VirtualService ".length)]
        : [],
    },
    because: becauseOf(calm, origin),
  };
}

/** The route that decided where it goes: of the outcomes, else of the step that chose it. */
function routeOrigin({ outcomes, steps }: Explanation): Origin | undefined {
  const ofOutcome = outcomes.find(({ origin }) => origin !== undefined)?.origin;
  return ofOutcome ?? steps.findLast(({ title }) => title === "Route")?.origin;
}

function findObject(world: FolderWorld | undefined, { object }: Origin): ConfigObject | undefined {
  const key = object.replace(" ", "/"); // "VirtualService default/reviews"
  return world?.snapshot.object(key);
}

function httpRouteOf(object: ConfigObject, { field }: Origin): HTTPRoute | undefined {
  if (object.kind !== "VirtualService" || field === undefined) return undefined;
  const [, list, index] = parseFieldPath(field);
  if (list !== "http" || typeof index !== "number") return undefined;
  return (object as ConfigObject<"VirtualService">).spec.http[index];
}

function becauseOf({ steps }: Explanation, origin: Origin | undefined): string | undefined {
  if (origin === undefined) return steps.findLast(({ mark }) => mark === "stopped")?.detail;
  const { source } = origin;
  const place = source === undefined ? "" : ` (${source.file}:${source.line})`;
  return `${origin.object}${origin.field === undefined ? "" : ` ${origin.field}`}${place}`;
}
