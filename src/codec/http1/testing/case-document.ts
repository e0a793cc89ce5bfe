// Test support: case documents. A heading names a case; an `http` block holds what is fed, a `log` block what the sink is told, and a
// `sent` block, where there is one, what the encoder makes of the decoded message.
//
// In an `http` block every line ends with CRLF. A line that ends with a backslash has no line end. \r \n \t \\ and \xHH mean those bytes,
// and "text"*N, alone in braces as in {"ab"*3}, repeats a text. Words behind `http` in the fence set the scene: response, a method, ...

export interface Case {
  readonly title: string;
  readonly line: number;
  /** The words behind ```http. */
  readonly words: ReadonlySet<string>;
  readonly bytes: Uint8Array;
  readonly log: string;
  readonly sent: string | undefined;
}

/** The cases of a document. Throws when it is not one: a test must not pass for having found nothing. */
export function parseCases(text: string): Case[] {
  const cases: Case[] = [];
  for (const section of text.split(/^(?=#+ )/m)) {
    const title = /^#+ (.*)/.exec(section)?.[1];
    const http = block(section, "http");
    if (title === undefined || http === undefined) continue;
    const log = block(section, "log");
    if (log === undefined) throw new Error(`Case ${title} has no log block`);
    cases.push({
      title,
      line: text.slice(0, text.indexOf(section)).split("\n").length,
      words: new Set(http.words),
      bytes: unescape(http.text),
      log: log.text.trimEnd(),
      sent: block(section, "sent")?.text,
    });
  }
  if (cases.length === 0) throw new Error("The document holds no cases");
  return cases;
}

function block(section: string, kind: string): { words: string[]; text: string } | undefined {
  const match = new RegExp(`^\`\`\`${kind}([^\\n]*)\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(section);
  if (match === null) return undefined;
  return { words: (match[1] ?? "").split(" ").filter((word) => word !== ""), text: match[2] ?? "" };
}

/** The bytes that a block's text stands for. */
function unescape(text: string): Uint8Array {
  const expanded = text
    .replace(/\{"([^"]*)"\*(\d+)\}/g, (_, part: string, count: string) =>
      part.repeat(Number(count)),
    )
    .replace(/\\\n|\n/g, (end) => (end === "\n" ? "\\r\\n" : ""))
    .replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, letter: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return { r: "\r", n: "\n", t: "\t", "\\": "\\" }[letter] ?? `\\${letter}`;
    });
  return new Uint8Array(Buffer.from(expanded, "latin1"));
}

/** The text of an `http` or `sent` block that stands for `bytes`. */
export function escape(bytes: string): string {
  const lines = bytes
    .split("\r\n")
    .map((line) =>
      line
        .replace(/\\/g, "\\\\")
        .replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`),
    );
  const escaped = lines.join("\n");
  return escaped.endsWith("\n") || escaped === "" ? escaped : `${escaped}\\\n`;
}
