// Plain JSON with the fields of every object in the order of their names: what two values are compared and shown by.

export function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([field, child]) => [field, sortFields(child)]));
}
