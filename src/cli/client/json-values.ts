// Values of JSON that came from the network: taken as what they should be, or as nothing.

export type JsonObject = Readonly<Record<string, unknown>>;

/** {} for what is no object. */
export const objectOf = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null ? (value as JsonObject) : {};

/** [] for what is no array. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** "" for what is no text. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** 0 for what is no finite number. */
export const numberOf = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
