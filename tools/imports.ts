// Finds every import in a token stream, in all the forms the language has: static, re-export, dynamic, of a type.
import type { Token } from "./tokens.ts";

export interface Import {
  /** Undefined where only running the program would tell. */
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
  /** Offset in the source. */
  readonly index: number;
}

/** A string that says what it means: with escapes in it, it is not plain and counts as unknown. */
function plain(token: Token | undefined): string | undefined {
  return token?.kind === "string" && !token.text.includes("\\") ? token.text : undefined;
}

const is = (token: Token | undefined, text: string): boolean =>
  token?.text === text && (token.kind === "mark" || token.kind === "name");

/** The place of the string in `... from "x"`, searching from `start` to the end of the statement; undefined if there is none. */
function findSource(code: readonly Token[], start: number): number | undefined {
  for (let i = start; i < code.length; i++) {
    const token = code[i];
    if (is(token, ";") || is(token, "(") || is(token, "=")) return undefined;
    if (is(token, "from") && code[i + 1]?.kind === "string") return i + 1;
    const followsList = is(token, "}") && !is(code[i + 1], "from");
    if (followsList) return undefined;
  }
  return undefined;
}

/** `import("x")` at `open`, the place of its parenthesis. */
function dynamicImport(code: readonly Token[], open: number): Import {
  const end = code[open + 2];
  const isWhole = is(end, ")") || is(end, ",");
  const specifier = isWhole ? plain(code[open + 1]) : undefined;
  return { specifier, typeOnly: false, index: code[open]?.index ?? 0 };
}

/** `type` opens a type-only import unless it is itself the name imported: `import type from "x"`, `import type, { y } from "x"`. */
function isTypeOnly(code: readonly Token[], at: number): boolean {
  if (!is(code[at], "type") || is(code[at + 1], ",")) return false;
  return !(is(code[at + 1], "from") && code[at + 2]?.kind === "string");
}

function importAt(code: readonly Token[], at: number): Import | undefined {
  const index = code[at]?.index ?? 0;
  const next = code[at + 1];
  if (is(code[at], "import")) {
    if (is(next, "(")) return dynamicImport(code, at + 1);
    // import.defer(...) and import.source(...); import.meta imports nothing
    if (is(next, ".")) return is(code[at + 3], "(") ? dynamicImport(code, at + 3) : undefined;
    if (next?.kind === "string") return { specifier: plain(next), typeOnly: false, index };
    if (is(next, ":") || is(next, "?")) return undefined;
  } else {
    const first = is(next, "type") ? code[at + 2] : next;
    if (!is(first, "{") && !is(first, "*")) return undefined;
  }
  const source = findSource(code, at + 1);
  if (source === undefined) return undefined;
  return { specifier: plain(code[source]), typeOnly: isTypeOnly(code, at + 1), index };
}

/** Every import of a source, in order; `tokens` as tokensOf returns them. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const code = tokens.filter((token) => token.kind !== "comment");
  const imports: Import[] = [];
  for (const [at, token] of code.entries()) {
    if (token.kind !== "name" || (token.text !== "import" && token.text !== "export")) continue;
    if (is(code[at - 1], ".") || is(code[at - 1], "?.")) continue;
    const found = importAt(code, at);
    if (found !== undefined) imports.push(found);
  }
  return imports;
}
