// A field of a document while it is checked: knows its path, and collects what is wrong with it.
import type { FieldPath } from "#base/field-path.ts";
import { type FieldProblem, must } from "./field-problem.ts";

export class Field {
  readonly problems: FieldProblem[];
  readonly #path: FieldPath;

  constructor(path: FieldPath, problems: FieldProblem[] = []) {
    this.#path = path;
    this.problems = problems;
  }

  /** A field below this one; both collect into one list. */
  at(...steps: FieldPath): Field {
    return new Field([...this.#path, ...steps], this.problems);
  }

  error(message: string): void {
    this.problems.push({ path: this.#path, message });
  }

  /** `must WANTED: current value is VALUE`. */
  must(wanted: string, value: unknown): void {
    this.problems.push(must(this.#path, wanted, value));
  }

  warn(message: string): void {
    this.problems.push({ path: this.#path, message, severity: "warning" });
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
