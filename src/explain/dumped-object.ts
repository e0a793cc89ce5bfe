// Looks into JSON of a dump, whichever way its names are written: nothing here trusts that a field is there or of its type.

export type DumpedObject = Readonly<Record<string, unknown>>;

/** `name` in snake_case; found in camelCase too. */
function field(object: DumpedObject, name: string): unknown {
  return (
    object[name] ?? object[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())]
  );
}

const isObject = (value: unknown): value is DumpedObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function objectField(object: DumpedObject, name: string): DumpedObject | undefined {
  const value = field(object, name);
  return isObject(value) ? value : undefined;
}

/** The objects in a list; [] when it is no list. */
export function listField(object: DumpedObject, name: string): readonly DumpedObject[] {
  const value = field(object, name);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** "" when it is no text. */
export function textField(object: DumpedObject, name: string): string {
  const value = field(object, name);
  return typeof value === "string" ? value : "";
}
