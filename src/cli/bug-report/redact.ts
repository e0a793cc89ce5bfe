// Takes secrets out of text that leaves the machine: by what they look like, and by the names they stand under.

export interface Redacted {
  readonly text: string;
  /** How many places were replaced. */
  readonly count: number;
}

export const REDACTED = "[redacted]";

/** In names whose values are secret wherever they stand: variables, fields, headers, flags, query parameters. */
const SECRET_WORD =
  /passw(?:or)?d|passphrase|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|credential|authorization|cookie|signature|session[-_.]?id|x-amz-security|dsn$/i;

/**
 * Names that hold such a word and no secret: Envoy's fields, and what people must see to understand a report.
 */
const PLAIN_NAMES: ReadonlySet<string> = new Set(
  [
    "secrets",
    "secret",
    "secretName",
    "credentialName",
    "tlsCertificateSdsSecretConfigs",
    "validationContextSdsSecretConfig",
    "dynamicActiveSecrets",
    "dynamicWarmingSecrets",
    "staticSecrets",
    "sessionTicketKeysSdsSecretConfig",
    "httpCookie",
    "cookie_name",
    "tokenBucket",
    "maxTokens",
    "tokensPerFill",
  ].flatMap((name) => [name.toLowerCase(), name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)]),
);

const isSecretName = (name: string): boolean =>
  SECRET_WORD.test(name) && !PLAIN_NAMES.has(name.toLowerCase());

/** Secrets by their look, wherever they stand. Of a match only the group `kept` stays. */
const LOOKS: readonly RegExp[] = [
  // PEM, also on one line with escaped ends, and also cut off in the middle.
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
  // The same in base64: "-----BEGIN " of anything but a certificate.
  /LS0tLS1CRUdJTi(?!BDRVJUSUZJQ0FURS)[A-Za-z0-9+/_=-]*/g,
  // Userinfo of a URL.
  /(?<kept>\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]{1,1024}(?=@)/gi,
  // HTTP credentials after their scheme.
  /(?<kept>\b(?:bearer|basic|negotiate|digest)\s+)[A-Za-z0-9._~+/=,:"-]{6,}/gi,
  // JSON Web Tokens.
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g,
  // Keys with a known beginning: AWS, GitHub, GitLab, Slack, Google, Stripe, npm.
  /\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{30,}|[rs]k_(?:live|test)_\w{10,}|npm_[A-Za-z0-9]{30,})/g,
];

/** `name: value` to the end of the line for headers, which may hold blanks. */
const HEADER =
  /(?<kept>\b(?:proxy-)?(?:authorization|(?:set-)?cookie)["']?\s*[:=]\s*["']?)(?!\[redacted\])[^\r\n"'\\]+/gi;

/** `NAME=`, `name: `, `"name": `, `?name=`, `--name `: a name, what follows it, and where its value begins. */
const NAME = /(?<![\w.-])(?<name>[\w.-]+)(?<mark>\\?["']?[ \t]*[:=]|[ \t])[ \t]*/g;

/** After `=` a value ends at a blank, after `:` at the end of its line: YAML's may hold blanks. */
const QUOTED = /\\?"(?:[^"\\]|\\.)*"?|'[^']*'?/y;
const WORD = /[^\s&,;"'(){}[\]\\]+/y;
const PHRASE = /[^\r\n,;"'{}[\]\\]+/y;

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

/** The lines below a YAML key: those that are further in than the line of `at`. */
function blockBelow(text: string, at: number): string {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const depth = matchAt(/ */y, text, lineStart).length;
  return matchAt(
    new RegExp(`(?:[|>][+-]?)?(?:\\r?\\n(?: {${depth + 1}}.*|(?=\\r?\\n)))+`, "y"),
    text,
    at,
  );
}

function secretAt(text: string, at: number, mark: string): string {
  const quoted = matchAt(QUOTED, text, at);
  if (quoted !== "") return quoted;
  if (!mark.endsWith(":")) return matchAt(WORD, text, at);
  return blockBelow(text, at) || matchAt(PHRASE, text, at).trimEnd();
}

function redactLooks(text: string): Redacted {
  let count = 0;
  let result = text;
  for (const look of [...LOOKS, HEADER]) {
    result = result.replace(look, (...found) => {
      count += 1;
      const { kept = "" } = (found.at(-1) ?? {}) as { kept?: string };
      return `${kept}${REDACTED}`;
    });
  }
  return { text: result, count };
}

/** Any text: logs, pages of statistics, command lines. */
export function redactText(text: string): Redacted {
  const looked = redactLooks(text);
  const named = redactNamed(looked.text);
  return { text: named.text, count: looked.count + named.count };
}

function redactNamed(text: string): Redacted {
  let count = 0;
  let result = "";
  let done = 0;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    const { name = "", mark = "" } = found.groups ?? {};
    const isFlag = name.startsWith("-") || !/^[ \t]$/.test(mark);
    if (!isFlag || !isSecretName(name)) continue;
    const start = NAME.lastIndex;
    const secret = secretAt(text, start, mark);
    if (isHarmless(secret)) continue;
    count += 1;
    result += text.slice(done, start) + REDACTED;
    done = start + secret.length;
    NAME.lastIndex = done;
  }
  return { text: result + text.slice(done), count };
}

/** Numbers, booleans and nothing at all say no secret: `token_count: 3`, `password=`. */
const isHarmless = (value: string): boolean =>
  /^["']?(?:-?\d{1,12}(?:\.\d+)?(?:ms|s|m|h|%)?|true|false|null|undefined|)["']?$/.test(value) ||
  value === REDACTED;

/** JSON by its structure, so that every value below a secret name goes, however deep; other text as text. */
export function redact(text: string): Redacted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return redactText(text);
  }
  if (typeof value !== "object" || value === null) return redactText(text);
  const walker = new JsonWalker();
  return { text: `${JSON.stringify(walker.walk(value), undefined, 2)}\n`, count: walker.count };
}

/** Deeper than any message of Envoy; what is below is left out rather than risked. */
const MAX_DEPTH = 200;

class JsonWalker {
  count = 0;

  walk(value: unknown, depth = 0): unknown {
    if (depth > MAX_DEPTH) return REDACTED;
    if (typeof value === "string") return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.walk(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    const namesSecret = isNamedPair(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const isSecret = isSecretName(name) || (namesSecret && PAIR_VALUE.test(name));
        return [
          this.#text(name),
          isSecret ? this.#cover(item, depth + 1) : this.walk(item, depth + 1),
        ];
      }),
    );
  }

  #text(text: string): string {
    const redacted = redactText(text);
    this.count += redacted.count;
    return redacted.text;
  }

  /** Every text below a secret name. Numbers and booleans stay: limits and switches, not secrets. */
  #cover(value: unknown, depth: number): unknown {
    if (depth > MAX_DEPTH) return REDACTED;
    if (typeof value === "string") {
      if (value === "" || value === REDACTED) return value;
      this.count += 1;
      return REDACTED;
    }
    if (Array.isArray(value)) return value.map((item) => this.#cover(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.#cover(item, depth + 1)]),
    );
  }
}

/** Beside a name in such a pair; other fields of something that happens to be called "token-service" are no secrets. */
const PAIR_VALUE = /^(?:raw_?)?value$|match$|^(?:exact|prefix|suffix|contains|regex)$/i;

/** `{"key": "authorization", "value": …}`, `{"name": "x-api-key", "exactMatch": …}`. */
function isNamedPair(value: object): boolean {
  const { name, key, headerName, header_name: snake } = value as Record<string, unknown>;
  return [name, key, headerName, snake].some(
    (text) => typeof text === "string" && isSecretName(text),
  );
}
