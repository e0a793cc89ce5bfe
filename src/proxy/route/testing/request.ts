// Request heads made by hand, for tests.
import { headerName } from "#codec/header-name.ts";
import { RequestHead } from "#codec/http1/request-head.ts";

export interface RequestOptions {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** GET / of "example.com", unless told otherwise. */
export function createRequest(options: RequestOptions = {}): RequestHead {
  const head = new RequestHead();
  head.method = options.method ?? "GET";
  head.setAuthority(options.host ?? "example.com");
  head.setPath(options.path ?? "/");
  for (const [name, value] of options.headers ?? []) head.append(headerName(name), value);
  return head;
}

/** Live fields as "name: value", in order. */
export function fieldsOf(head: {
  readonly count: number;
  isRemoved(i: number): boolean;
  nameAt(i: number): string;
  valueAt(i: number): string;
}): string[] {
  const fields: string[] = [];
  for (let i = 0; i < head.count; i += 1) {
    if (!head.isRemoved(i)) fields.push(`${head.nameAt(i)}: ${head.valueAt(i)}`);
  }
  return fields;
}
