// What a route does to a request's and a response's fields, host and path: its own code is run, and before and after are compared.
import type { HeaderBlock } from "#codec/header-block.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import { ResponseHead } from "#codec/http1/response-head.ts";
import type { HeaderOperations } from "#proxy/config/route-config.ts";
import { finalizeRequest, finalizeResponse } from "#proxy/route/finalize.ts";
import type { ClusterChoice, RouteEntry } from "#proxy/route/route-entry.ts";
import type { StreamInfo } from "#proxy/stream-info.ts";
import { explainedStream } from "./explained-stream.ts";
import type { HeaderChange } from "./explanation.ts";

export interface Changes {
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly request: readonly HeaderChange[];
  readonly response: readonly HeaderChange[];
}

/** `before` and `after` are two heads made alike; `after` is changed. `choice`: where the request goes; undefined: nowhere. */
export function changesOf(
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
  before: RequestHead,
  after: RequestHead,
): Changes {
  const info = explainedStream(after);
  if (choice !== undefined) finalizeRequest(entry, choice, after, info, true);
  const formats = formatsOf(entry, choice);
  const authority = after.authority();
  const path = after.path();
  return {
    authority: authority === before.authority() ? undefined : authority,
    path: path === before.path() ? undefined : path,
    request: differences(before, after, formats.request),
    response: responseChanges(entry, choice, info, formats.response),
  };
}

type Formats = ReadonlyMap<string, string>;

/** Values that are only known when a request really comes: shown as they are written. */
function formatsOf(
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
): { readonly request: Formats; readonly response: Formats } {
  const levels: (HeaderOperations | undefined)[] = [
    entry.table.config.headers,
    entry.virtualHost.headers,
    entry.route.headers,
    choice?.weighted?.headers,
  ];
  const collect = (direction: "request" | "response"): Formats => {
    const formats = new Map<string, string>();
    for (const level of levels) {
      for (const { name, value } of level?.[direction].add ?? []) {
        if (value.kind === "format") formats.set(name.text, value.format);
      }
    }
    return formats;
  };
  return { request: collect("request"), response: collect("response") };
}

function differences(
  before: HeaderBlock,
  after: HeaderBlock,
  formats: Formats,
): readonly HeaderChange[] {
  const old = fieldsOf(before);
  const now = fieldsOf(after);
  const changes: HeaderChange[] = [];
  for (const [name, values] of now) {
    const had = old.get(name) ?? [];
    const added = values.filter((value) => !had.includes(value));
    for (const value of added) changes.push({ name, value: formats.get(name) ?? value });
  }
  for (const name of old.keys()) if (!now.has(name)) changes.push({ name });
  return changes;
}

function fieldsOf(head: HeaderBlock): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (let i = 0; i < head.count; i += 1) {
    if (head.isRemoved(i)) continue;
    const name = head.nameAt(i);
    fields.set(name, [...(fields.get(name) ?? []), head.valueAt(i)]);
  }
  return fields;
}

/** The upstream's response is not known: what is set on an empty one, and what would be removed. */
function responseChanges(
  entry: RouteEntry,
  choice: ClusterChoice | undefined,
  info: StreamInfo,
  formats: Formats,
): readonly HeaderChange[] {
  const head = new ResponseHead();
  head.status = 200;
  finalizeResponse(entry, choice, head, info);
  const set = differences(new ResponseHead(), head, formats);
  const removed = (choice ?? entry).responseHeaders.flatMap(({ remove }) => remove);
  const names = new Set(removed.map(({ text }) => text));
  for (const { name } of set) names.delete(name);
  return [...set, ...[...names].map((name) => ({ name }))];
}
