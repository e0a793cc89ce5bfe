// Files with certificates that a configuration names, wherever in it: Envoy's data sources and Istio's TLS settings.
import { formatFieldPath } from "#base/field-path.ts";
import type { NamedFile } from "#preflight/settings.ts";

/** Envoy: a data source below one of these. */
const DATA_SOURCES: ReadonlySet<string> = new Set([
  ...["certificate_chain", "certificateChain", "trusted_ca", "trustedCa"],
]);
/** Istio: a path. */
const PATHS: ReadonlySet<string> = new Set([
  ...["serverCertificate", "clientCertificate", "caCertificates"],
]);
/** Deeper than any message of Envoy's API is nested by hand. */
const MAX_DEPTH = 64;

type Path = readonly (string | number)[];

function pathIn(key: string | number, value: unknown): string | undefined {
  if (DATA_SOURCES.has(String(key))) {
    const { filename } = (value ?? {}) as { readonly filename?: unknown };
    return typeof filename === "string" && filename !== "" ? filename : undefined;
  }
  const isPath = PATHS.has(String(key)) && typeof value === "string" && value.includes("/");
  return isPath ? value : undefined;
}

/** `namedBy`: the file or object that the value is of. */
export function namedCertificates(value: unknown, namedBy: string): readonly NamedFile[] {
  const found: NamedFile[] = [];
  const walk = (node: unknown, path: Path): void => {
    if (typeof node !== "object" || node === null || path.length > MAX_DEPTH) return;
    for (const [name, child] of Object.entries(node)) {
      const key = Array.isArray(node) ? Number(name) : name;
      const file = pathIn(key, child);
      if (file !== undefined) {
        found.push({ path: file, namedBy: `${namedBy}: ${formatFieldPath([...path, key])}` });
      } else walk(child, [...path, key]);
    }
  };
  walk(value, []);
  return found;
}
