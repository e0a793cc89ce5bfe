// Formats compiled once into writers: text with command operators, and JSON whose strings are such texts.
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { Parsed, Rejected } from "../config/parsed.ts";
import type { StreamInfo } from "../stream-info.ts";
import { createField } from "./command.ts";
import type { ValueMode } from "./escape.ts";
import type { Field } from "./field.ts";
import type { FormatEnvironment } from "./operator.ts";
import { OPERATORS } from "./operators.ts";

/** Envoy's default line. */
export const DEFAULT_FORMAT: string =
  '[%START_TIME%] "%REQUEST_HEADER(:METHOD)% %REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% " +
  '%RESPONSE_HEADER(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQUEST_HEADER(X-FORWARDED-FOR)%" ' +
  '"%REQUEST_HEADER(USER-AGENT)%" "%REQUEST_HEADER(X-REQUEST-ID)%" "%REQUEST_HEADER(:AUTHORITY)%" ' +
  '"%UPSTREAM_HOST%"\n';

/** A compiled format. */
export interface Format {
  /** Appends one line (or value) for `info`. */
  write(info: StreamInfo, out: OutputBuffer): void;
}

/** Deeper JSON formats are refused: no one writes them, and each level is a level of recursion. */
const MAX_JSON_DEPTH = 32;

const DASH = 45;
const QUOTE = 34;
const encoder = new TextEncoder();

/** Literal bytes, or a field. */
type Part = Uint8Array | Field;

// Envoy's own grammar: a name, a parameter up to the first ")" that lets the rest fit, a length.
const COMMAND = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/y;

/** Splits `format` at its operators; `%%` is a percent sign. */
function parseFormat(format: string, environment: FormatEnvironment): Part[] | string {
  const parts: Part[] = [];
  let literal = "";
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    if (percent === -1) break;
    literal += format.slice(at, percent);
    if (format[percent + 1] === "%") {
      literal += "%";
      at = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const match = COMMAND.exec(format);
    if (match === null) return `No command operator at position ${percent} (a percent sign is %%)`;
    const [whole, name = "", parameter = "", length] = match;
    const maxLength = length === undefined ? undefined : Number(length);
    const field = createField(OPERATORS, { name, parameter, maxLength, environment });
    if (typeof field === "string") return `${field}, at position ${percent}`;
    if (literal !== "") parts.push(encoder.encode(literal));
    literal = "";
    parts.push(field);
    at = percent + whole.length;
  }
  literal += format.slice(at);
  if (literal !== "") parts.push(encoder.encode(literal));
  return parts;
}

function writeParts(
  parts: readonly Part[],
  info: StreamInfo,
  out: OutputBuffer,
  mode: ValueMode,
): void {
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as Part;
    if (part instanceof Uint8Array) out.write(part);
    else if (!part.write(info, out, mode) && mode !== "raw") out.byte(DASH);
  }
}

const rejected = (path: string, message: string): Rejected => ({ kind: "rejected", path, message });

/**
 * `mode` "text" for log lines; "raw" for headers to add: the caller checks the bytes itself, and what is not known is empty
 * instead of "-" (seen on Envoy 1.40).
 */
export function compileText(
  format: string,
  environment: FormatEnvironment,
  mode: "text" | "raw" = "text",
): Parsed<Format> {
  const parts = parseFormat(format, environment);
  if (typeof parts === "string") return rejected("", parts);
  return {
    kind: "parsed",
    value: { write: (info, out) => writeParts(parts, info, out, mode) },
  };
}

/** Appends its bytes; JSON is a row of these, flattened at compile time. */
type JsonWriter = (info: StreamInfo, out: OutputBuffer) => void;

const NULL = encoder.encode("null");

/**
 * One line a stream, keys sorted as Envoy sorts them. A string that is one operator keeps its type (a number stays one, nothing
 * is null); text around operators makes a string, with "-" for nothing. Numbers, booleans and null stand as they are.
 */
export function compileJson(
  fields: Readonly<Record<string, unknown>>,
  environment: FormatEnvironment,
): Parsed<Format> {
  const builder = new JsonBuilder(environment);
  const problem = builder.add(fields, "", 0);
  if (problem !== undefined) return problem;
  const writers = builder.finish();
  return {
    kind: "parsed",
    value: {
      write(info, out) {
        for (const write of writers) write(info, out);
      },
    },
  };
}

class JsonBuilder {
  readonly #environment: FormatEnvironment;
  #writers: JsonWriter[] = [];
  #literal = "";

  constructor(environment: FormatEnvironment) {
    this.#environment = environment;
  }

  finish(): readonly JsonWriter[] {
    this.#literal += "\n";
    this.#flush();
    return this.#writers;
  }

  add(value: unknown, path: string, depth: number): Rejected | undefined {
    if (depth > MAX_JSON_DEPTH) return rejected(path, `Nested deeper than ${MAX_JSON_DEPTH}`);
    if (typeof value === "string") return this.#addText(value, path);
    if (Array.isArray(value)) return this.#addList(value, path, depth);
    if (typeof value === "object" && value !== null) return this.#addObject(value, path, depth);
    this.#literal += JSON.stringify(value) ?? "null";
    return undefined;
  }

  #addObject(value: object, path: string, depth: number): Rejected | undefined {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#literal += "{";
    for (const [index, [key, member]] of entries.entries()) {
      this.#literal += `${index > 0 ? "," : ""}${JSON.stringify(key)}:`;
      const problem = this.add(member, path === "" ? key : `${path}.${key}`, depth + 1);
      if (problem !== undefined) return problem;
    }
    this.#literal += "}";
    return undefined;
  }

  #addList(value: readonly unknown[], path: string, depth: number): Rejected | undefined {
    this.#literal += "[";
    for (const [index, member] of value.entries()) {
      if (index > 0) this.#literal += ",";
      const problem = this.add(member, `${path}[${index}]`, depth + 1);
      if (problem !== undefined) return problem;
    }
    this.#literal += "]";
    return undefined;
  }

  #addText(format: string, path: string): Rejected | undefined {
    const parts = parseFormat(format, this.#environment);
    if (typeof parts === "string") return rejected(path, parts);
    const [first] = parts;
    if (parts.length === 1 && first !== undefined && !(first instanceof Uint8Array)) {
      this.#push(typedWriter(first));
    } else if (parts.every((part) => part instanceof Uint8Array)) {
      this.#literal += JSON.stringify(format.replaceAll("%%", "%"));
    } else {
      const quoted = parts.map((part) => (part instanceof Uint8Array ? jsonLiteral(part) : part));
      this.#literal += '"';
      this.#push((info, out) => writeParts(quoted, info, out, "json"));
      this.#literal += '"';
    }
    return undefined;
  }

  #push(writer: JsonWriter): void {
    this.#flush();
    this.#writers.push(writer);
  }

  #flush(): void {
    if (this.#literal === "") return;
    const bytes = encoder.encode(this.#literal);
    this.#literal = "";
    this.#writers.push((_info, out) => out.write(bytes));
  }
}

/** Literal text of a mixed string, escaped. */
function jsonLiteral(bytes: Uint8Array): Uint8Array {
  return encoder.encode(JSON.stringify(new TextDecoder().decode(bytes)).slice(1, -1));
}

function typedWriter(field: Field): JsonWriter {
  if (field.isNumber) {
    return (info, out) => {
      if (!field.write(info, out, "json")) out.write(NULL);
    };
  }
  return (info, out) => {
    const size = out.size;
    out.byte(QUOTE);
    if (field.write(info, out, "json")) {
      out.byte(QUOTE);
      return;
    }
    out.end = out.start + size;
    out.write(NULL);
  };
}
