// exportTo: which namespaces see an object. "*" is all, "." the object's own, an empty list Istio's default: all.

const EVERYBODY: ReadonlySet<string> = new Set(["*"]);

/** The list as a set of namespaces with "." spelled out; "~" (nobody) and names stay. */
export function visibilityOf(exportTo: readonly string[], namespace: string): ReadonlySet<string> {
  if (exportTo.length === 0) return EVERYBODY;
  return new Set(exportTo.map((entry) => (entry === "." ? namespace : entry)));
}

export function isVisibleTo(visibility: ReadonlySet<string>, namespace: string): boolean {
  return visibility.has("*") || visibility.has(namespace);
}
