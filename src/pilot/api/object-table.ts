// Kubernetes' Table: what kubectl asks for when a person is to read it, columns and rows made by the server.
import { formatAge } from "#base/age.ts";
import {
  type HttpServiceRequest,
  type HttpServiceResponse,
  jsonResponse,
} from "#base/http-service.ts";
import type { KindNames } from "../model/kinds.ts";
import type { ObjectJson } from "./object-json.ts";
import type { ObjectRecord } from "./object-records.ts";
import { PRINTER_COLUMNS, printedField } from "./printer-columns.ts";

/** `Accept: application/json;as=Table;v=v1;g=meta.k8s.io, application/json` */
export function wantsTable({ headers }: HttpServiceRequest): boolean {
  const accepted = (headers["accept"] ?? "").split(",");
  return accepted.some((type) => /;\s*as=Table\b/.test(type) && /;\s*v=v1\b/.test(type));
}

export interface TableRow {
  readonly json: ObjectJson;
  readonly record: ObjectRecord;
}

export function tableResponse(
  names: KindNames,
  rows: readonly TableRow[],
  nowMs: number,
  version: string,
): HttpServiceResponse {
  const columns = PRINTER_COLUMNS[names.kind];
  const definition = (name: string, format = ""): object => ({
    name,
    type: "string",
    format,
    description: "",
    priority: 0,
  });
  return jsonResponse({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: version },
    columnDefinitions: [definition("Name", "name"), ...columns.map(({ name }) => definition(name))],
    rows: rows.map(({ json, record }) => ({
      cells: [
        json.metadata.name,
        ...columns.map((column) =>
          column.field === undefined
            ? formatAge(nowMs - record.createdMs)
            : printedField(column, json.spec),
        ),
      ],
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: json.metadata,
      },
    })),
  });
}
