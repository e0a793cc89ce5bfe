// Cuts TypeScript into tokens, so that the layer check sees code and never the inside of a comment, string or regex.

/** A `template` is one piece of text between backticks and `${}`; the code inside `${}` comes as tokens of its own. */
export type TokenKind = "name" | "number" | "string" | "template" | "regex" | "comment" | "mark";

export interface Token {
  readonly kind: TokenKind;
  /** As written, with two exceptions: a name has its escapes resolved, a string has lost its quotes. */
  readonly text: string;
  /** Offset in the source. */
  readonly index: number;
}

const NAME_START = String.raw`[\p{ID_Start}$_]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\}`;
const NAME_PART = String.raw`[\p{ID_Continue}$\u200c\u200d]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\}`;
const LINE_END = String.raw`\n\r\u2028\u2029`;

/** In this order: the first that matches at a place is the token there. Marks are single but where that would mislead. */
const SHAPES: readonly (readonly [TokenKind, RegExp])[] = [
  ["comment", new RegExp(String.raw`(?:\/\/|^#!)[^${LINE_END}]*|\/\*.*?(?:\*\/|$)`, "suy")],
  ["name", new RegExp(`#?(?:${NAME_START})(?:${NAME_PART})*`, "uy")],
  ["number", /\d[\w.]*/uy],
  ["string", /"(?:[^"\\\n\r]|\\(?:\r\n|.))*"?|'(?:[^'\\\n\r]|\\(?:\r\n|.))*'?/suy],
  ["mark", /\?\.(?!\d)|\.\.\.|\+\+|--|=>|./suy],
];

const SPACE = /\s*/uy;
const REGEX = new RegExp(
  String.raw`\/(?:[^\\/[${LINE_END}]|\\.|\[(?:[^\]\\${LINE_END}]|\\.)*\])+\/\w*`,
  "uy",
);
const TEMPLATE = /(?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{|$)/suy;

/** After these words a slash opens a regex; after any other name it divides. */
const BEFORE_OPERAND = new Set(
  "await case delete do else extends in instanceof new of return throw typeof void yield".split(
    " ",
  ),
);
const BEFORE_CONDITION = new Set(["if", "while", "for", "with"]);
const AFTER_OPERAND = new Set([")", "]", "}", "++", "--"]);

function matchAt(pattern: RegExp, source: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(source)?.[0];
}

const withoutEscapes = (name: string): string =>
  name.replace(/\\u(?:\{(\w+)\}|(\w{4}))/g, (_, long?: string, short?: string) =>
    String.fromCodePoint(Math.min(Number.parseInt(long ?? short ?? "", 16), 0x10ffff)),
  );

function textOf(kind: TokenKind, raw: string): string {
  if (kind === "string")
    return raw.slice(1, raw.length > 1 && raw.at(-1) === raw[0] ? -1 : undefined);
  return kind === "name" && raw.includes("\\") ? withoutEscapes(raw) : raw;
}

/** One walk over one source; what a slash or a closing brace means depends on what came before. */
class Scanner {
  readonly tokens: Token[] = [];
  readonly #source: string;
  #index = 0;
  /** The last token that is no comment. */
  #last: Token | undefined;
  /** For every open parenthesis: does it hold the condition of an `if`, `while`, `for`? */
  readonly #parentheses: boolean[] = [];
  #closedCondition = false;
  /** For every open brace: is it the `${` of a template? */
  readonly #braces: boolean[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    for (;;) {
      this.#index += matchAt(SPACE, this.#source, this.#index)?.length ?? 0;
      if (this.#index >= this.#source.length) return this.tokens;
      this.#step();
    }
  }

  #step(): void {
    for (const [kind, shape] of SHAPES) {
      const raw = matchAt(shape, this.#source, this.#index);
      if (raw === undefined) continue;
      if (kind === "mark") this.#takeMark(raw);
      else this.#take(kind, raw);
      return;
    }
  }

  #take(kind: TokenKind, raw: string): void {
    const token: Token = { kind, text: textOf(kind, raw), index: this.#index };
    this.tokens.push(token);
    this.#index += raw.length;
    if (kind !== "comment") this.#last = token;
  }

  #takeMark(mark: string): void {
    if (mark === "/" && this.#expectsOperand()) {
      const regex = matchAt(REGEX, this.#source, this.#index);
      if (regex !== undefined) {
        this.#take("regex", regex);
        return;
      }
    }
    if (mark === "(") this.#parentheses.push(BEFORE_CONDITION.has(this.#last?.text ?? ""));
    if (mark === ")") this.#closedCondition = this.#parentheses.pop() ?? false;
    if (mark === "{") this.#braces.push(false);
    const endsHole = mark === "}" && this.#braces.pop() === true;
    this.#take("mark", mark);
    if (mark === "`" || endsHole) this.#takeTemplate();
  }

  #takeTemplate(): void {
    const piece = matchAt(TEMPLATE, this.#source, this.#index) ?? "";
    this.#take("template", piece);
    if (piece.endsWith("${")) {
      this.#braces.push(true);
      this.#last = undefined; // a hole starts with an operand, like a file
    }
  }

  #expectsOperand(): boolean {
    const last = this.#last;
    if (last === undefined) return true;
    if (last.kind === "name") return BEFORE_OPERAND.has(last.text);
    if (last.kind !== "mark") return false;
    return last.text === ")" ? this.#closedCondition : !AFTER_OPERAND.has(last.text);
  }
}

/** The tokens of a source in order, comments included. Never fails: what no shape fits is a mark. */
export const tokensOf = (source: string): Token[] => new Scanner(source).run();
