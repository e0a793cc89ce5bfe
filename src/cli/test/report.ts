// What came of a run of tests, as data; and the one line of a failure that every format shows.
import type { TestFailure, TestRun } from "./run-tests.ts";

/** The shape of `-o json`. */
export interface TestReport {
  readonly passed: boolean;
  readonly testCases: readonly ReportedCase[];
  /** Http routes of the folder's VirtualServices; empty without a folder. */
  readonly coverage: readonly ReportedRoute[];
}

export interface ReportedCase {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly description: string;
  readonly passed: boolean;
  /** Combinations of authority, method and uri. */
  readonly requests: number;
  readonly failures: readonly ReportedFailure[];
}

export interface ReportedFailure {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** "GET http://reviews/api and 3 more": how many fail alike. */
  readonly request: string;
  /** "expected destination reviews v2, but got reviews v1" */
  readonly message: string;
  /** The object, field and line that decided it. */
  readonly because?: string;
  /** All of it: what the table shows. */
  readonly text: string;
}

export interface ReportedRoute {
  readonly object: string;
  readonly field: string;
  readonly file: string;
  readonly line: number;
  readonly isReached: boolean;
}

/** No message may forge a line, or colour a terminal. */
const plain = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, "?");

export function reportOf({ results, coverage }: TestRun): TestReport {
  const testCases = results.map(({ testCase, position, requestCount, failures }) => {
    const description = plain(testCase.description);
    return {
      file: plain(position.file),
      line: position.line,
      column: position.column,
      description,
      passed: failures.length === 0,
      requests: requestCount,
      failures: failures.map((failure) =>
        reportFailure(failure, description, testCase.request.scheme),
      ),
    };
  });
  return {
    passed: testCases.every(({ passed }) => passed),
    testCases,
    coverage: coverage.routes().map(({ object, field, source, isReached }) => ({
      object,
      field,
      file: plain(source.file),
      line: source.line,
      isReached,
    })),
  };
}

function reportFailure(failure: TestFailure, description: string, scheme: string): ReportedFailure {
  const { position, input, requestCount } = failure;
  const { line, column } = position;
  const file = plain(position.file);
  const more = requestCount > 1 ? ` and ${requestCount - 1} more` : "";
  const request = plain(`${input.method} ${scheme}://${input.authority}${input.uri}${more}`);
  const message = plain(failure.message);
  const because = failure.because === undefined ? undefined : plain(failure.because);
  const reason = because === undefined ? "" : `; because of ${because}`;
  return {
    file,
    line,
    column,
    request,
    message,
    ...(because === undefined ? {} : { because }),
    text: `${file}:${line}:${column}: testCase "${description}": ${request}: ${message}${reason}`,
  };
}
