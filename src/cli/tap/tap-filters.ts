// Which requests are wanted: what the proxies can judge becomes their TapRequest, the rest is judged here.
import type { TappedRequest } from "./tapped-request.ts";

export interface HeaderFilter {
  readonly name: string;
  /** undefined: any value. */
  readonly value: string | undefined;
}

export interface TapFilters {
  readonly method: string | undefined;
  readonly pathPrefix: string | undefined;
  /** "503", or "5xx" for all of them. */
  readonly status: string | undefined;
  readonly headers: readonly HeaderFilter[];
  /** Service names as the mesh writes them: "reviews.default". */
  readonly service: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** 1/10,000: a share finer than that of a proxy's requests is nothing to look at live. */
export const SHARE_DENOMINATOR = 10_000;

/** envoy.admin.v3.TapRequest. `share`: of `SHARE_DENOMINATOR` requests, so many are looked at. */
export function toTapRequest(configId: string, filters: TapFilters, share: number): Json {
  const requestHeaders: Json[] = [];
  if (filters.method !== undefined) {
    requestHeaders.push({ name: ":method", string_match: { exact: filters.method } });
  }
  if (filters.pathPrefix !== undefined) {
    requestHeaders.push({ name: ":path", string_match: { prefix: filters.pathPrefix } });
  }
  for (const { name, value } of filters.headers) {
    const test = value === undefined ? { present_match: true } : { string_match: { exact: value } };
    requestHeaders.push({ name, ...test });
  }
  const rules: Json[] = [];
  if (requestHeaders.length > 0) {
    rules.push({ http_request_headers_match: { headers: requestHeaders } });
  }
  if (filters.status !== undefined) {
    const test = /^\dxx$/.test(filters.status)
      ? { prefix: filters.status.slice(0, 1) }
      : { exact: filters.status };
    const headers = [{ name: ":status", string_match: test }];
    rules.push({ http_response_headers_match: { headers } });
  }
  const [first] = rules;
  return {
    config_id: configId,
    tap_config: {
      match:
        first === undefined
          ? { any_match: true }
          : rules.length === 1
            ? first
            : { and_match: { rules } },
      ...(share >= SHARE_DENOMINATOR
        ? {}
        : { tap_enabled: { default_value: { numerator: share, denominator: "TEN_THOUSAND" } } }),
      output_config: {
        sinks: [{ format: "JSON_BODY_AS_STRING", streaming_admin: {} }],
        max_buffered_rx_bytes: 0,
        max_buffered_tx_bytes: 0,
      },
    },
  };
}

/** What no proxy can judge: names that only the mesh knows. */
export function isWanted(request: TappedRequest, { service }: TapFilters): boolean {
  return service === undefined || request.service === service;
}

/** "reviews-v1" means each of its instances: "reviews-v1-1", "reviews-v1-2". */
export const isWorkload = (name: string, wanted: string): boolean =>
  name === wanted || name.startsWith(`${wanted}-`);
