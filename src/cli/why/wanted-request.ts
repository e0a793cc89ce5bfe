// METHOD, URL and -H of a command line as a request to explain.
import { InvalidArgumentError } from "commander";
import { quoted } from "#base/log.ts";

export interface WantedRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** Where to connect to; undefined for a path alone: the gateway. */
  readonly target: { readonly host: string; readonly port: number } | undefined;
  /** The Host field: by -H, else of the URL. "" for a path alone. */
  readonly authority: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type ParsedRequest =
  | { readonly kind: "parsed"; readonly request: WantedRequest }
  | { readonly kind: "failed"; readonly message: string };

const METHOD = /^[A-Za-z]{1,32}$/;
const FIELD = /^([!#$%&'*+\-.^`|~\w]+):[ \t]*(.*?)[ \t]*$/;

/** For commander: `-H "name: value"`, as often as you like. */
export function headerFieldOption(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const [, name, value] = FIELD.exec(text) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no field may hold
  if (name === undefined || value === undefined || /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value))
    throw new InvalidArgumentError('Must be "name: value".');
  return [...before, [name.toLowerCase(), value]];
}

/** `words` are METHOD URL, or URL alone for GET. */
export function parseRequest(
  words: readonly string[],
  fields: readonly (readonly [string, string])[],
): ParsedRequest {
  const [method, url] = words.length === 1 ? ["GET", words[0] ?? ""] : words;
  if (method === undefined || url === undefined || words.length > 2) {
    return failed("a METHOD and a URL are wanted");
  }
  if (!METHOD.test(method)) return failed(`${quoted(method)} is no method: GET, POST, …`);
  const host = fields.find(([name]) => name === "host")?.[1];
  const headers = fields.filter(([name]) => name !== "host");
  const unsendable = /[^!-~]/u.exec(url)?.[0];
  if (unsendable !== undefined) {
    const words = `${quoted(unsendable)} cannot stand in a URL, and a proxy answers 400`;
    const encoded = encodeURIComponent(unsendable.toWellFormed());
    return failed(`${words}: write it as a client sends it, ${encoded}`);
  }
  if (url.startsWith("/")) {
    const request = { method: method.toUpperCase(), scheme: "http" as const, target: undefined };
    return { kind: "parsed", request: { ...request, authority: host ?? "", path: url, headers } };
  }
  const parts = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  const [, scheme = "", authority = "", rest = ""] = parts ?? [];
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const name = bracketed ?? plain;
  const isHttps = scheme.toLowerCase() === "https";
  const number = Number(port ?? (isHttps ? 443 : 80));
  if (name === undefined || number > 65_535) {
    return failed(`${quoted(url)} is no URL: http://reviews:9080/reviews/1, or a path alone`);
  }
  return {
    kind: "parsed",
    request: {
      method: method.toUpperCase(),
      scheme: isHttps ? "https" : "http",
      target: { host: name, port: number },
      authority: host ?? authority,
      path: rest.startsWith("/") ? rest : `/${rest}`,
      headers,
    },
  };
}

function failed(message: string): ParsedRequest {
  return { kind: "failed", message: `Cannot read the request: ${message}` };
}
