// The pilot's HTTP API as commands use it: answers parsed, and failures as sentences with the next step.
import type { HttpClient } from "#base/http-client.ts";
import type { SocketAddress } from "#base/net.ts";
import { plain } from "../shell/plain.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { isPilotPage } from "./pilot-pages.ts";

const TIMEOUT_MS = 10_000;

/** Of an error: twenty problems of an object, each a sentence. */
const MAX_WORDS = 4_000;

export type PilotAnswer<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** It answered with an error status; `message` is its own words. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  /** Nobody there, or no pilot; `message` says what to do. */
  | { readonly kind: "unreachable"; readonly message: string };

export class PilotClient {
  readonly address: SocketAddress;
  readonly #httpClient: HttpClient;
  readonly #timeoutMs: number;

  constructor(httpClient: HttpClient, address: SocketAddress, timeoutMs: number = TIMEOUT_MS) {
    this.#httpClient = httpClient;
    this.address = address;
    this.#timeoutMs = timeoutMs;
  }

  /** GET of a JSON page; `T` is the caller's word for its documented shape. */
  get<T>(path: string): Promise<PilotAnswer<T>> {
    return this.send<T>("GET", path);
  }

  send<T>(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<PilotAnswer<T>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.#request(method, path, { "content-type": "application/json" }, text);
  }

  /** A body that its author wrote; `version`: only while that is the newest (If-Match). */
  sendYaml<T>(
    method: "PUT" | "POST",
    path: string,
    text: string,
    version?: string,
  ): Promise<PilotAnswer<T>> {
    const match = version === undefined ? {} : { "if-match": `"${version}"` };
    return this.#request(method, path, { "content-type": "application/yaml", ...match }, text);
  }

  async #request<T>(
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<PilotAnswer<T>> {
    const url = `http://${formatSocketAddress(this.address)}${path}`;
    const answer = await this.#httpClient.request({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs: this.#timeoutMs,
    });
    if (answer.kind === "failed")
      return { kind: "unreachable", message: this.#away(answer.reason) };
    let value: unknown;
    try {
      value = JSON.parse(answer.body);
    } catch {
      return { kind: "unreachable", message: this.#away(`${path} answered no JSON`) };
    }
    if (answer.status < 300) {
      if (isPilotPage(path, value)) return { kind: "answered", value: value as T };
      return {
        kind: "unreachable",
        message: this.#away(`${path} is not answered as a pilot does`),
      };
    }
    return { kind: "refused", status: answer.status, message: messageOf(value, answer.status) };
  }

  #away(reason: string): string {
    return `Cannot reach the pilot at ${formatSocketAddress(this.address)}: ${reason}\nStart a mesh with "sampan up", or name another pilot with --pilot host:port.`;
  }
}

/** Of an error body: `{"error": "…"}`, or Kubernetes' Status with `message`. */
function messageOf(value: unknown, status: number): string {
  const { error, message } = (value ?? {}) as { error?: unknown; message?: unknown };
  const words = typeof error === "string" ? error : message;
  return typeof words === "string" ? plain(words, MAX_WORDS) : `the pilot answered ${status}`;
}
