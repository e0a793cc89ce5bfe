// A tap's predicate compiled: what it asks of the request is answered when the request comes, before anything is rewritten; what
// it asks of the response when there is one.
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { ResponseHead } from "#codec/http1/response-head.ts";
import type { TapPredicate } from "../config/tap-config.ts";
import { compileHeaderMatcher } from "../route/header-matcher.ts";

/** What is known of one request. */
interface Facts {
  /** By the place of the rule among those that ask of the request. */
  readonly request: readonly boolean[];
  readonly response: ResponseHead | undefined;
}

type Rule = (facts: Facts) => boolean;

export class TapMatcher {
  readonly #requestRules: ((head: RequestHead) => boolean)[] = [];
  readonly #rule: Rule;

  constructor(predicate: TapPredicate) {
    this.#rule = this.#compile(predicate);
  }

  /** The answers of `head`, for `matches` later. */
  look(head: RequestHead): readonly boolean[] {
    return this.#requestRules.map((rule) => rule(head));
  }

  /** `response`: undefined when the client got none; then nothing that asks of the response matches. */
  matches(request: readonly boolean[], response: ResponseHead | undefined): boolean {
    return this.#rule({ request, response });
  }

  #compile(predicate: TapPredicate): Rule {
    switch (predicate.kind) {
      case "any":
        return () => true;
      case "and": {
        const rules = predicate.rules.map((rule) => this.#compile(rule));
        return (facts) => rules.every((rule) => rule(facts));
      }
      case "or": {
        const rules = predicate.rules.map((rule) => this.#compile(rule));
        return (facts) => rules.some((rule) => rule(facts));
      }
      case "not": {
        const rule = this.#compile(predicate.rule);
        return (facts) => !rule(facts);
      }
      case "requestHeaders": {
        const matchers = predicate.headers.map(compileHeaderMatcher);
        const place = this.#requestRules.length;
        this.#requestRules.push((head) => matchers.every((matcher) => matcher.matches(head)));
        return ({ request }) => request[place] === true;
      }
      case "responseHeaders": {
        const matchers = predicate.headers.map(compileHeaderMatcher);
        return ({ response }) =>
          response !== undefined && matchers.every((matcher) => matcher.matches(response));
      }
    }
  }
}
