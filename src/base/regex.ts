// Regular expressions in RE2's syntax, matched in linear time: the only kind that configuration from outside may bring.
import { RE2JS } from "re2js";

/** text.slice(start, end) */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Safe to share: matching keeps no state between calls. */
export interface Regex {
  readonly source: string;
  readonly groupCount: number;
  /** Whether the whole of `text` matches. */
  matches(text: string): boolean;
  /**
   * Where the first match lies in `text`: index 0 is the whole of it, then the groups, undefined for one that took no part.
   * undefined when nothing matches.
   */
  search(text: string): readonly (Span | undefined)[] | undefined;
  /** Every match replaced, as RE2::GlobalReplace does: `\0` to `\9` in `substitution` are groups, `\\` a backslash. */
  replaceAll(text: string, substitution: string): string;
}

export type CompiledRegex =
  | { readonly kind: "compiled"; readonly regex: Regex }
  /** `reason` in RE2's words: "missing closing ): `a(`". */
  | { readonly kind: "failed"; readonly reason: string };

/** Instructions of one program. Envoy's default is 100, and Istio raises it to this in every bootstrap that it writes. */
export const MAX_PROGRAM_SIZE = 32_768;

/** Characters of an expression: as the Kubernetes API for Gateway, four times over. */
export const MAX_SOURCE_LENGTH = 4096;

/** Compiled expressions kept for the next update that names them; configurations repeat the same few thousand times. */
export const MAX_CACHED = 2048;

const cache = new Map<string, Regex>();

/** Compiles `source`, or says what is wrong with it. Never throws. */
export function compileRegex(source: string): CompiledRegex {
  const cached = cache.get(source);
  if (cached !== undefined) {
    // Re-inserting keeps the map in order of use, so that the first key is the one to drop.
    cache.delete(source);
    cache.set(source, cached);
    return { kind: "compiled", regex: cached };
  }
  if (source.length > MAX_SOURCE_LENGTH) {
    const reason = `expression of ${source.length} characters: at most ${MAX_SOURCE_LENGTH} are allowed`;
    return { kind: "failed", reason };
  }
  let program: RE2JS;
  try {
    program = RE2JS.compile(source);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason: words.replace(/^error parsing regexp: /, "") };
  }
  const size = program.programSize();
  if (size > MAX_PROGRAM_SIZE) {
    return {
      kind: "failed",
      reason: `program size ${size}: at most ${MAX_PROGRAM_SIZE} is allowed`,
    };
  }
  const regex = new Re2Regex(source, program);
  cache.set(source, regex);
  if (cache.size > MAX_CACHED) {
    const [oldest] = cache.keys();
    if (oldest !== undefined) cache.delete(oldest);
  }
  return { kind: "compiled", regex };
}

/** Why `substitution` cannot be used with `regex`, in RE2's words; undefined when it can (RE2::CheckRewriteString). */
export function substitutionError(regex: Regex, substitution: string): string | undefined {
  let highest = -1;
  for (let i = 0; i < substitution.length; i += 1) {
    if (substitution[i] !== "\\") continue;
    i += 1;
    const next = substitution[i];
    if (next === undefined) return "Rewrite schema error: '\\' not allowed at end.";
    if (next === "\\") continue;
    if (!isDigit(next)) return "Rewrite schema error: '\\' must be followed by a digit or '\\'.";
    highest = Math.max(highest, Number(next));
  }
  if (highest <= regex.groupCount) return undefined;
  return `Rewrite schema requests ${highest} matches, but the regexp only has ${regex.groupCount} parenthesized subexpressions.`;
}

class Re2Regex implements Regex {
  readonly source: string;
  readonly groupCount: number;
  readonly #program: RE2JS;

  constructor(source: string, program: RE2JS) {
    this.source = source;
    this.#program = program;
    this.groupCount = program.matcher("").groupCount();
  }

  matches(text: string): boolean {
    return this.#program.testExact(text);
  }

  search(text: string): readonly (Span | undefined)[] | undefined {
    const matcher = this.#program.matcher(text);
    if (!matcher.find()) return undefined;
    return Array.from({ length: this.groupCount + 1 }, (_, group) => {
      const start = matcher.start(group);
      return start === -1 ? undefined : { start, end: matcher.end(group) };
    });
  }

  replaceAll(text: string, substitution: string): string {
    const matcher = this.#program.matcher(text);
    let out = "";
    let copied = 0;
    let lastEnd = -1;
    let from = 0;
    while (from <= text.length && matcher.find(from)) {
      const start = matcher.start();
      const end = matcher.end();
      out += text.slice(copied, start);
      copied = start;
      if (start === end && start === lastEnd) {
        // An empty match at the end of the last one is none: one character further on.
        from = start + characterLength(text, start);
        continue;
      }
      out += expand(substitution, (group) => matcher.group(group) ?? "");
      copied = end;
      lastEnd = end;
      from = end;
    }
    return out + text.slice(copied);
  }
}

function characterLength(text: string, at: number): number {
  const code = text.codePointAt(at);
  return code !== undefined && code > 0xffff ? 2 : 1;
}

function expand(substitution: string, group: (n: number) => string): string {
  let out = "";
  for (let i = 0; i < substitution.length; i += 1) {
    const c = substitution[i] ?? "";
    if (c !== "\\") {
      out += c;
      continue;
    }
    i += 1;
    const next = substitution[i] ?? "";
    out += isDigit(next) ? group(Number(next)) : next;
  }
  return out;
}

function isDigit(c: string): boolean {
  return c >= "0" && c <= "9";
}
