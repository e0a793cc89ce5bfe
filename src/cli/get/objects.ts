// Configuration objects as rows, with the columns of Istio's CustomResourceDefinitions (additionalPrinterColumns).
import type { DescribedObject } from "#pilot/api/debug-pages.ts";
import type { ObjectJson } from "#pilot/api/object-json.ts";
import { PRINTER_COLUMNS, type PrinterColumn, printedField } from "#pilot/api/printer-columns.ts";
import type { KindNames } from "#pilot/model/kinds.ts";
import { objectKey } from "#pilot/model/object.ts";
import type { PilotClient } from "../client/pilot-client.ts";
import { resourceName } from "../config/kind-argument.ts";
import { missingObject } from "../config/missing-object.ts";
import { ObjectClient } from "../config/object-client.ts";
import { plain } from "../shell/plain.ts";
import { ageOf } from "./age.ts";
import type { ListedItem, LoadedListing } from "./listing.ts";

export interface ObjectQuery {
  readonly names: KindNames;
  /** Empty: all. */
  readonly objectNames: readonly string[];
  /** undefined: of all namespaces. */
  readonly namespace: string | undefined;
  readonly selector: string;
}

export async function listObjects(
  pilot: PilotClient,
  query: ObjectQuery,
  nowMs: number,
): Promise<LoadedListing> {
  const { names, namespace, objectNames } = query;
  const answer = await new ObjectClient(pilot).list(names, namespace, query.selector);
  if (answer.kind !== "answered") return { kind: "failed", message: answer.message };
  const sources = await sourcesOf(pilot);
  const wanted = answer.value.filter(
    ({ metadata }) => objectNames.length === 0 || objectNames.includes(metadata.name),
  );
  const missing = objectNames.find(
    (name) => !wanted.some(({ metadata }) => metadata.name === name),
  );
  if (missing !== undefined) {
    const known = answer.value.map(({ metadata }) => metadata.name);
    return { kind: "failed", message: missingObject(names, missing, namespace, known) };
  }
  const columns = PRINTER_COLUMNS[names.kind];
  const hasNamespace = namespace === undefined;
  return {
    kind: "loaded",
    columns: [
      ...(hasNamespace ? ["NAMESPACE"] : []),
      "NAME",
      ...columns.map((column) => column.name.toUpperCase()),
    ],
    wideColumns: ["FILE"],
    items: wanted.map((object): ListedItem => {
      const { name, namespace: its } = object.metadata;
      const key = objectKey({ kind: names.kind, namespace: its, name });
      const cells = [plain(name), ...columns.map((column) => cellOf(column, object, nowMs))];
      return {
        key,
        name: plain(resourceName(names, name)),
        cells: hasNamespace ? [plain(its), ...cells] : cells,
        wideCells: [sources.get(key) ?? ""],
        value: object,
      };
    }),
  };
}

function cellOf(column: PrinterColumn, { metadata, spec }: ObjectJson, nowMs: number): string {
  if (column.field === undefined) return ageOf(metadata.creationTimestamp, nowMs);
  return plain(printedField(column, spec));
}

/** Key -> "file:line"; nothing where the page is not answered, because the column is an extra. */
async function sourcesOf(pilot: PilotClient): Promise<ReadonlyMap<string, string>> {
  const answer = await pilot.get<readonly DescribedObject[]>("/debug/configz");
  const objects = answer.kind === "answered" ? answer.value : [];
  return new Map(
    objects.map((each) => [objectKey(each), plain(`${each.source.file}:${each.source.line}`)]),
  );
}
