// What a command operator is: how it is written in a format, and the field it becomes.
import type { Random } from "#base/random.ts";
import type { Field } from "./field.ts";

/** What operators may know that is not in the stream. */
export interface FormatEnvironment {
  /** %HOSTNAME% */
  readonly hostname: string;
  /** %ENVIRONMENT(NAME)%: this process's environment. */
  environment(name: string): string | undefined;
  /** %EMIT_TIME%: milliseconds since 1970. */
  wallMs(): number;
  /** %UNIQUE_ID% */
  readonly random: Random;
}

/** One operator as written: %NAME(parameter):maxLength%. */
export interface Command {
  readonly name: string;
  /** "" when there is none. */
  readonly parameter: string;
  /** Bytes of the value that are kept; undefined: all. */
  readonly maxLength: number | undefined;
  readonly environment: FormatEnvironment;
}

export interface Operator {
  readonly parameter: "none" | "required" | "optional";
  /** Whether `:Z` may follow. */
  readonly takesLength: boolean;
  /** For the reference page. */
  readonly meaning: string;
  /** The field, or what is wrong with the parameter. */
  create(command: Command): Field | string;
}

export type Operators = Readonly<Record<string, Operator>>;

/** An operator without parameter and length. */
export function plain(meaning: string, field: Field): Operator {
  return { parameter: "none", takesLength: false, meaning, create: () => field };
}
