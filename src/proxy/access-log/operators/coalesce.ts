// COALESCE: the first of several operators that has a value, given as JSON.
import { createField } from "../command.ts";
import type { Field } from "../field.ts";
import type { Command, FormatEnvironment, Operator, Operators } from "../operator.ts";

/** {"operators": ["REQUESTED_SERVER_NAME", {"command": "REQ", "param": ":authority", "max_length": 3}]} */
function create(operators: () => Operators, { parameter, environment }: Command): Field | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(parameter);
  } catch (error) {
    return `COALESCE takes JSON: ${error instanceof Error ? error.message : "unreadable"}`;
  }
  const entries = isRecord(parsed) ? parsed["operators"] : undefined;
  if (!Array.isArray(entries) || entries.length === 0) {
    return 'COALESCE takes {"operators": [...]} with at least one operator';
  }
  const fields: Field[] = [];
  for (const [index, entry] of entries.entries()) {
    const field = createEntry(operators(), entry, environment);
    if (typeof field === "string") return `COALESCE operator ${index}: ${field}`;
    fields.push(field);
  }
  return {
    isNumber: fields.every((field) => field.isNumber),
    write: (info, out, mode) => fields.some((field) => field.write(info, out, mode)),
  };
}

function createEntry(
  operators: Operators,
  entry: unknown,
  environment: FormatEnvironment,
): Field | string {
  const written = typeof entry === "string" ? { command: entry } : entry;
  if (!isRecord(written) || typeof written["command"] !== "string") {
    return 'must be a name or {"command", "param", "max_length"}';
  }
  const { command: name, param = "", max_length: maxLength } = written;
  if (typeof param !== "string") return "param must be a string";
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && Number(maxLength) > 0)) {
    return "max_length must be a whole number > 0";
  }
  return createField(operators, {
    name,
    parameter: param,
    maxLength: maxLength === undefined ? undefined : Number(maxLength),
    environment,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> & { command: string } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `operators` are all there are, COALESCE included; asked for late, since the table holds this very operator. */
export function coalesceOperator(operators: () => Operators): Operator {
  return {
    parameter: "required",
    takesLength: false,
    meaning: "The first operator with a value, of a list given as JSON",
    create: (command) => create(operators, command),
  };
}
