// A field of a document while it is checked: knows its path, and collects what is wrong with it.
import type { FieldPath } from "#base/field-path.ts";
import { type FieldProblem, must } from "./field-problem.ts";

export class Field {
  readonly problems: FieldProblem[];
  readonly #parent: Field | undefined;
  readonly #steps: FieldPath;

  /** `parent` shares its list of problems; a field without one begins a list. */
  constructor(steps: FieldPath, parent?: Field) {
    this.#steps = steps;
    this.#parent = parent;
    this.problems = parent === undefined ? [] : parent.problems;
  }

  /** A field below this one; both collect into one list. */
  at(...steps: FieldPath): Field {
    return new Field(steps, this);
  }

  error(message: string): void {
    this.problems.push({ path: this.#path(), message });
  }

  /** `must WANTED: current value is VALUE`. */
  must(wanted: string, value: unknown): void {
    this.problems.push(must(this.#path(), wanted, value));
  }

  warn(message: string): void {
    this.problems.push({ path: this.#path(), message, severity: "warning" });
  }

  /** Most fields are right, so the path is put together only when it is needed. */
  #path(): FieldPath {
    return this.#parent === undefined ? this.#steps : [...this.#parent.#path(), ...this.#steps];
  }
}

/** Calls `check` for each item with its field. */
export function each<T>(
  items: readonly T[],
  field: Field,
  check: (item: T, at: Field, index: number) => void,
): void {
  items.forEach((item, index) => {
    check(item, field.at(index), index);
  });
}
