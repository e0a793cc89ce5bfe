// A file of tests -> its cases, or what is wrong with it, line by line. The format is that of istio-config-validator.
import {
  DelegateSchema,
  HeadersSchema,
  HTTPFaultInjectionSchema,
  HTTPRedirectSchema,
  HTTPRewriteSchema,
  HTTPRouteDestinationSchema,
} from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { parseYamlDocuments, type YamlDocument } from "#api/yaml.ts";
import { FieldReader, isFields } from "./read-fields.ts";
import {
  type Expected,
  FIELD_OF,
  type TestCase,
  type TestProblem,
  type TestRequest,
} from "./test-case.ts";

export interface ParsedTests {
  readonly cases: readonly TestCase[];
  readonly problems: readonly TestProblem[];
}

const FILE_FIELDS = ["testCases", "from"];
const CASE_FIELDS = ["description", "wantMatch", "from", "request", ...Object.values(FIELD_OF)];
const REQUEST_FIELDS = ["authority", "method", "uri", "headers", "scheme", "port"];
const RETRY_FIELDS = ["attempts", "retryOn", "perTryTimeout"];

/** Requests of one case: more is a slip, and would take minutes. */
const MAX_REQUESTS = 10_000;

export function parseTests(text: string, file: string): ParsedTests {
  const yaml = parseYamlDocuments(text, file);
  const problems: TestProblem[] = [...yaml.problems];
  const cases = yaml.documents.flatMap((document) => parseDocument(document, file, problems));
  if (cases.length === 0 && problems.length === 0) {
    const position = { file, line: 1, column: 1 };
    problems.push({ position, message: "The file has no testCases" });
  }
  return { cases, problems };
}

/** Whether a file is meant to be one of tests, and no configuration. */
export function isTestFile(text: string): boolean {
  return /^(?:testCases|["']testCases["']):/m.test(text);
}

function parseDocument(document: YamlDocument, file: string, problems: TestProblem[]): TestCase[] {
  const { value } = document;
  if (!isFields(value)) {
    problems.push({
      position: document.position,
      message: "A file of tests is an object with testCases",
    });
    return [];
  }
  const top = new FieldReader(document, [], value, problems);
  top.checkNames(FILE_FIELDS);
  const list = value["testCases"];
  if (!Array.isArray(list)) {
    top.refuse("testCases", "testCases must be a list of test cases");
    return [];
  }
  const from = top.text("from");
  return list.flatMap((item: unknown, index) => {
    const path = ["testCases", index];
    if (isFields(item)) {
      const read = parseCase(new FieldReader(document, path, item, problems), {
        file,
        from,
        document,
      });
      return read === undefined ? [] : [read];
    }
    problems.push({ position: document.positionOf(path), message: "A test case is an object" });
    return [];
  });
}

interface Surroundings {
  readonly file: string;
  readonly from: string | undefined;
  readonly document: YamlDocument;
}

function parseCase(reader: FieldReader, around: Surroundings): TestCase | undefined {
  reader.checkNames(CASE_FIELDS);
  const request = parseRequest(reader);
  const expected = parseExpected(reader);
  if (request === undefined) return undefined;
  if (Object.keys(expected).length === 0) {
    return reader.refuse(
      undefined,
      `The test case expects nothing: say one of ${Object.values(FIELD_OF).join(", ")}`,
    );
  }
  const { document, file } = around;
  return {
    file,
    description: reader.text("description") ?? "",
    wantMatch: reader.flag("wantMatch") ?? true,
    from: reader.text("from") ?? around.from,
    request,
    expected,
    positionOf: (path) => document.positionOf([...reader.path, ...path]),
  };
}

function parseRequest(reader: FieldReader): TestRequest | undefined {
  const request = reader.child("request");
  if (request === undefined) {
    return reader.has("request")
      ? undefined
      : reader.refuse(undefined, "The test case has no request");
  }
  request.checkNames(REQUEST_FIELDS);
  const authority = request.texts("authority") ?? [];
  const method = request.texts("method") ?? ["GET"];
  const uri = request.texts("uri") ?? ["/"];
  if (authority.length === 0 && !request.has("authority")) {
    return request.refuse(undefined, "request.authority must name at least one host");
  }
  for (const path of uri) {
    if (!path.startsWith("/"))
      request.refuse("uri", `A uri begins with "/": current value is ${JSON.stringify(path)}`);
  }
  const count = authority.length * method.length * uri.length;
  if (count === 0 || count > MAX_REQUESTS) {
    return request.refuse(
      undefined,
      `A test case has 1 to ${MAX_REQUESTS} requests: this one makes ${count}`,
    );
  }
  const asText = (value: unknown): string | undefined =>
    isFields(value) || Array.isArray(value) ? undefined : String(value ?? "");
  const headers = [...(request.map("headers", asText, "text") ?? [])];
  const scheme = request.text("scheme") ?? "http";
  if (scheme !== "http" && scheme !== "https") {
    return request.refuse(
      "scheme",
      `scheme must be http or https: current value is ${JSON.stringify(scheme)}`,
    );
  }
  return { authority, method, uri, headers, scheme, port: request.wholeNumber("port", 1, 65_535) };
}

function parseExpected(reader: FieldReader): Expected {
  const asShare = (value: unknown): number | undefined =>
    typeof value === "number" && value >= 0 ? value : undefined;
  const all: { [K in keyof Expected]: Expected[K] | undefined } = {
    route: reader.messages(HTTPRouteDestinationSchema, "route"),
    redirect: reader.message(HTTPRedirectSchema, "redirect"),
    rewrite: reader.message(HTTPRewriteSchema, "rewrite"),
    fault: reader.message(HTTPFaultInjectionSchema, "fault"),
    headers: reader.message(HeadersSchema, "headers"),
    delegate: reader.message(DelegateSchema, "delegate"),
    weights: reader.map("weights", asShare, "number"),
    subset: reader.text("subset"),
    hosts: reader.texts("hosts"),
    status: reader.wholeNumber("status", 100, 599),
    path: reader.text("path"),
    location: reader.text("location"),
    timeoutMs: reader.duration("timeout"),
    retries: parseRetries(reader.child("retries")),
    mirror: reader.texts("mirror"),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function parseRetries(reader: FieldReader | undefined): Expected["retries"] {
  if (reader === undefined) return undefined;
  reader.checkNames(RETRY_FIELDS);
  return {
    attempts: reader.wholeNumber("attempts", 0, 1000),
    retryOn: reader.text("retryOn"),
    perTryTimeoutMs: reader.duration("perTryTimeout"),
  };
}
