// exportTo of ServiceEntry, DestinationRule and VirtualService.
import { each, type Field } from "../field.ts";
import { isDnsLabel } from "../names.ts";

export interface ExportToOptions {
  readonly namespace: string;
  /** Only a ServiceEntry may be exported to nobody ("~"). */
  readonly allowsNobody: boolean;
}

export function checkExportTo(
  exportTo: readonly string[],
  field: Field,
  options: ExportToOptions,
): void {
  const seen = new Set<string>();
  each(exportTo, field, (entry, at) => {
    const namespace = entry === "." ? options.namespace : entry;
    if (seen.has(namespace)) at.must("be named once", entry);
    seen.add(namespace);
    const isWord = entry === "*" || entry === "." || (entry === "~" && options.allowsNobody);
    if (!isWord && !isDnsLabel(entry)) {
      at.must(`be "*", "."${options.allowsNobody ? ', "~"' : ""} or a namespace`, entry);
    }
  });
  if (exportTo.length > 1 && exportTo.includes("*")) {
    field.error('has "*", which is everybody, and others: leave only one of the two');
  }
  if (exportTo.length > 1 && exportTo.includes("~")) {
    field.error('has "~", which is nobody, and others: leave only one of the two');
  }
}
