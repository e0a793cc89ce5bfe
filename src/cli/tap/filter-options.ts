// Values of the flags by which `sampan tap` chooses requests: parsed by commander's hooks, refused with what would be right.
import { InvalidArgumentError } from "commander";
import { wholeNumberOption } from "../shell/options.ts";
import type { HeaderFilter } from "./tap-filters.ts";

export function methodOption(text: string): string {
  if (!/^[A-Za-z]{1,32}$/.test(text)) throw new InvalidArgumentError("Must be a method, as GET.");
  return text.toUpperCase();
}

export function pathOption(text: string): string {
  if (!text.startsWith("/")) throw new InvalidArgumentError('Must begin with "/".');
  return text;
}

/** "503", or "5xx" for the class. */
export function statusOption(text: string): string {
  const status = text.toLowerCase();
  if (!/^[1-5](\d\d|xx)$/.test(status)) {
    throw new InvalidArgumentError("Must be a status or a class of them, as 503 or 5xx.");
  }
  return status;
}

/** Repeatable: `before` are those that came before. */
export function headerOption(
  text: string,
  before: readonly HeaderFilter[],
): readonly HeaderFilter[] {
  const equals = text.indexOf("=");
  const name = (equals < 0 ? text : text.slice(0, equals)).toLowerCase();
  if (!/^:?[!#$%&'*+\-.^`|~\w]+$/.test(name)) {
    throw new InvalidArgumentError("Must be name=value, or a name for any value.");
  }
  return [...before, { name, value: equals < 0 ? undefined : text.slice(equals + 1) }];
}

export function atLeastOneOption(text: string): number {
  const count = wholeNumberOption(text);
  if (count < 1) throw new InvalidArgumentError("Must be at least 1.");
  return count;
}
