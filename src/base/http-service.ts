// The HTTP service port: whole small requests and responses, for control interfaces. Never the data path.

export interface HttpServiceRequest {
  readonly method: string;
  /** Without the query, percent-encoding kept. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most the adapter's limit; longer ones are refused with 413 before they come here. */
  readonly body: string;
}

export interface HttpServiceResponse {
  readonly status: number;
  readonly contentType: string;
  /** Besides content-type. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** May answer later; never rejects for what a client sent. */
export type HttpService = (
  request: HttpServiceRequest,
) => HttpServiceResponse | Promise<HttpServiceResponse>;

export const jsonResponse = (value: unknown, status = 200): HttpServiceResponse => ({
  status,
  contentType: "application/json",
  body: `${JSON.stringify(value, undefined, 2)}\n`,
});

export const textResponse = (body: string, status = 200): HttpServiceResponse => ({
  status,
  contentType: "text/plain; charset=UTF-8",
  body,
});
