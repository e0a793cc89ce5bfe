// The HTTP client port, for control requests: health probes, the pilot's API, an admin page. Never the data path.

export type HttpAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: string;
      /** Names in lower case. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: "failed"; readonly reason: string };

export interface HttpClient {
  /** One request without following redirects and without any proxy. Never rejects; `timeoutMs` covers all of it. */
  request(options: {
    readonly method: "GET" | "PUT" | "POST" | "DELETE";
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly timeoutMs: number;
  }): Promise<HttpAnswer>;
}
