// Columns of objects in tables: those of Istio's CustomResourceDefinitions (additionalPrinterColumns). NAME comes before them.
import type { Kind } from "../model/object.ts";

export interface PrinterColumn {
  readonly name: string;
  /** Field of the spec; undefined: how long the object has been there. */
  readonly field: string | undefined;
  /** What an unset field means. */
  readonly fallback: string;
}

const AGE: PrinterColumn = { name: "Age", field: undefined, fallback: "" };

const field = (name: string, specField: string, fallback = ""): PrinterColumn => ({
  name,
  field: specField,
  fallback,
});

export const PRINTER_COLUMNS: { readonly [K in Kind]: readonly PrinterColumn[] } = {
  VirtualService: [field("Gateways", "gateways"), field("Hosts", "hosts"), AGE],
  DestinationRule: [field("Host", "host"), AGE],
  Gateway: [AGE],
  ServiceEntry: [
    field("Hosts", "hosts"),
    field("Location", "location", "MESH_EXTERNAL"),
    field("Resolution", "resolution", "NONE"),
    AGE,
  ],
  Sidecar: [AGE],
  WorkloadEntry: [AGE, field("Address", "address")],
  WorkloadGroup: [AGE],
};

/** Lists as kubectl shows them: `["reviews","ratings"]`. */
export function printedField({ field: name, fallback }: PrinterColumn, spec: unknown): string {
  const value = (spec as Readonly<Record<string, unknown>>)[name ?? ""] ?? fallback;
  return typeof value === "string" ? value : JSON.stringify(value);
}
