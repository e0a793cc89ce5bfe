// Where a parser stands in a resource, and what it has found wrong. Parsers go on after a rejection, with any value: nobody will see it.
import { assert } from "#base/assert.ts";
import type { Parsed, Rejected } from "./parsed.ts";

/** A resource being parsed: keeps the first rejection. */
class Verdict {
  rejected: Rejected | undefined = undefined;
}

/** A field (or list item, or map entry) on the way down from the resource. Paths are spelled only when something is wrong. */
export class Field {
  readonly #verdict: Verdict;
  readonly #parent: Field | undefined;
  readonly #step: string | number;

  private constructor(verdict: Verdict, parent: Field | undefined, step: string | number) {
    this.#verdict = verdict;
    this.#parent = parent;
    this.#step = step;
  }

  /** A whole resource. `path` is where it stands in a larger one; "" when it stands alone. */
  static root(path = ""): Field {
    return new Field(new Verdict(), undefined, path);
  }

  /** The field `name`, in the proto's spelling. */
  child(name: string): Field {
    return new Field(this.#verdict, this, name);
  }

  /** An item of this list. */
  item(index: number): Field {
    return new Field(this.#verdict, this, index);
  }

  /** An entry of this map. */
  entry(key: string): Field {
    return new Field(this.#verdict, this, `[${JSON.stringify(key)}]`);
  }

  reject(message: string): void {
    this.#verdict.rejected ??= { kind: "rejected", path: this.path(), message };
  }

  get isRejected(): boolean {
    return this.#verdict.rejected !== undefined;
  }

  /** `filter_chains[0].filters[0].typed_config` */
  path(): string {
    const parent = this.#parent?.path() ?? "";
    const step = this.#step;
    if (typeof step === "number") return `${parent}[${step}]`;
    return parent === "" || step === "" || step.startsWith("[")
      ? parent + step
      : `${parent}.${step}`;
  }

  /** The rejection that there is. */
  refusal(): Rejected {
    const { rejected } = this.#verdict;
    assert(rejected !== undefined, "refusal of a resource in which nothing is wrong");
    return rejected;
  }

  /** What came of the whole resource. */
  outcome<T>(value: T): Parsed<T> {
    return this.#verdict.rejected ?? { kind: "parsed", value };
  }
}
