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

/** What came of the request behind a stream, up to the response's head. */
export type HttpStreamStart =
  | { readonly kind: "open" }
  /** A status of 300 or more; `body` is its beginning. */
  | { readonly kind: "refused"; readonly status: number; readonly body: string }
  | { readonly kind: "failed"; readonly reason: string };

/** A response that is read as it comes. */
export interface HttpStream {
  readonly started: Promise<HttpStreamStart>;
  /** Nothing more will come: the other side ended it, it broke (`reason`), or it was closed here. Never rejects. */
  readonly ended: Promise<{ readonly reason: string | undefined }>;
  close(): void;
}

export interface HttpStreams {
  /**
   * Sends one request, and hands every piece of a response below 300 to `onChunk` until it ends or is closed; the pieces are only
   * good during the call. `timeoutMs` is for the response's head. No redirects, no proxy, as with HttpClient.
   */
  open(
    options: {
      readonly method: "GET" | "POST";
      readonly url: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly timeoutMs: number;
    },
    onChunk: (bytes: Uint8Array) => void,
  ): HttpStream;
}
