// From an operator as written to the field that writes its value: looks it up and checks what may stand behind its name.
import type { Field } from "./field.ts";
import type { Command, Operators } from "./operator.ts";

/** The field, or what is wrong. */
export function createField(operators: Operators, command: Command): Field | string {
  const { name, parameter, maxLength } = command;
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (operator === undefined) return `Unknown command operator ${name}`;
  if (operator.parameter === "none" && parameter !== "") {
    return `${name} takes no parameter: "${parameter}" was given`;
  }
  if (operator.parameter === "required" && parameter === "") return `${name} needs a parameter`;
  if (!operator.takesLength && maxLength !== undefined) return `${name} takes no length`;
  return operator.create(command);
}
