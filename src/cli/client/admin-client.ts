// A proxy's admin pages as commands use them: the same for ours and for Envoy.
import type { HttpClient } from "#base/http-client.ts";
import type { SocketAddress } from "#base/net.ts";
import { plain } from "../shell/plain.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";

const TIMEOUT_MS = 10_000;

/** Of the first line of a refusal, which says what was wrong with the question. */
const MAX_WORDS = 300;

export type AdminAnswer =
  | { readonly kind: "answered"; readonly body: string }
  /** `message` is a whole sentence with the address. */
  | { readonly kind: "failed"; readonly message: string };

export class AdminClient {
  readonly address: SocketAddress;
  readonly #httpClient: HttpClient;
  readonly #timeoutMs: number;

  constructor(httpClient: HttpClient, address: SocketAddress, timeoutMs: number = TIMEOUT_MS) {
    this.#httpClient = httpClient;
    this.address = address;
    this.#timeoutMs = timeoutMs;
  }

  /** `path` with its query: "/config_dump?include_eds". */
  get(path: string): Promise<AdminAnswer> {
    return this.#request("GET", path);
  }

  /** Pages that change something. */
  post(path: string, body?: string): Promise<AdminAnswer> {
    return this.#request("POST", path, body);
  }

  async #request(method: "GET" | "POST", path: string, body?: string): Promise<AdminAnswer> {
    const where = formatSocketAddress(this.address);
    const answer = await this.#httpClient.request({
      method,
      url: `http://${where}${path}`,
      ...(body === undefined ? {} : { body }),
      timeoutMs: this.#timeoutMs,
    });
    if (answer.kind === "failed") {
      return {
        kind: "failed",
        message: `Cannot reach the admin page of the proxy at ${where}: ${answer.reason}`,
      };
    }
    if (answer.status >= 300) {
      const [words = ""] = answer.body.trim().split("\n", 1);
      const why = words === "" ? "" : `: ${plain(words, MAX_WORDS)}`;
      return {
        kind: "failed",
        message: `The proxy at ${where} answered ${answer.status} for ${path}${why}`,
      };
    }
    return { kind: "answered", body: answer.body };
  }
}
