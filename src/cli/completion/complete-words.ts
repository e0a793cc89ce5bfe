// What may stand at the end of a command line: commands, flags, choices, and the names that a value stands for.
import type { Argument, Command, Option } from "commander";
import { type ValueSource, valueSource } from "./value-sources.ts";

export interface Candidate {
  readonly value: string;
  /** A few words for shells that show them; "" when there is nothing to say. */
  readonly description: string;
}

export interface Completion {
  /** All begin with what is typed; in the order to show them. */
  readonly candidates: readonly Candidate[];
  /** What the shell itself adds. */
  readonly shellAdds: "nothing" | "files" | "folders";
}

/** Where names come from that no command line knows by itself. */
export interface Names {
  of(source: ValueSource, typed: TypedLine, partial: string): Promise<readonly Candidate[]>;
}

/** The words before the one that is completed, as the commands would read them. */
export interface TypedLine {
  readonly command: Command;
  readonly operands: readonly string[];
  /** The value of a flag by its attribute name ("pilot"), where one was given. */
  readonly flagValues: ReadonlyMap<string, string>;
}

const NOTHING: Completion = { candidates: [], shellAdds: "nothing" };

/** `words` are what follows `sampan`; the last one is the one to complete, maybe empty. */
export async function completeWords(
  words: readonly string[],
  program: Command,
  names: Names,
): Promise<Completion> {
  const partial = words.at(-1) ?? "";
  const line = readLine(words.slice(0, -1), program);
  if (line.isAsking) return commandsOf(line.typed.command, partial);
  if (line.pending !== undefined)
    return completeValue(line.pending, partial, "", line.typed, names);
  if (!line.isAfterDashes && partial.startsWith("-")) {
    const equals = partial.indexOf("=");
    if (equals === -1) return flagsOf(line.typed, partial);
    const option = optionOf(line.typed.command, partial.slice(0, equals));
    if (option === undefined) return NOTHING;
    const start = partial.slice(0, equals + 1);
    return completeValue(option, partial.slice(equals + 1), start, line.typed, names);
  }
  const { command, operands } = line.typed;
  const children = operands.length === 0 ? commandsOf(command, partial) : NOTHING;
  const argument = argumentAt(command, operands.length);
  if (argument === undefined) return children;
  const values = await completeValue(argument, partial, "", line.typed, names);
  return { ...values, candidates: [...children.candidates, ...values.candidates] };
}

interface ReadLine {
  readonly typed: TypedLine;
  /** The flag whose value comes next. */
  readonly pending: Option | undefined;
  readonly isAfterDashes: boolean;
  /** After `help`: a command's name comes next. */
  readonly isAsking: boolean;
}

function readLine(words: readonly string[], program: Command): ReadLine {
  let command = program;
  let pending: Option | undefined;
  let isAfterDashes = false;
  const isAsking = words[0] === "help";
  const operands: string[] = [];
  const flagValues = new Map<string, string>();
  for (const word of isAsking ? words.slice(1) : words) {
    if (pending !== undefined) {
      flagValues.set(pending.attributeName(), word);
      pending = undefined;
    } else if (isAfterDashes || !/^-./.test(word)) {
      const child = operands.length === 0 && !isAfterDashes ? childOf(command, word) : undefined;
      if (child === undefined) operands.push(word);
      else command = child;
    } else if (word === "--") {
      isAfterDashes = true;
    } else {
      const equals = word.indexOf("=");
      const option = optionOf(command, equals === -1 ? word : word.slice(0, equals));
      if (option === undefined) continue;
      if (equals !== -1) flagValues.set(option.attributeName(), word.slice(equals + 1));
      else if (option.required) pending = option;
      else flagValues.set(option.attributeName(), "");
    }
  }
  return { typed: { command, operands, flagValues }, pending, isAfterDashes, isAsking };
}

const childOf = (command: Command, word: string): Command | undefined =>
  command.commands.find((child) => child.name() === word || child.aliases().includes(word));

/** Of the command, or of one above it. */
function optionOf(command: Command, flag: string): Option | undefined {
  const own = command.options.find(({ long, short }) => long === flag || short === flag);
  return own ?? (command.parent === null ? undefined : optionOf(command.parent, flag));
}

/** A variadic argument takes all that follow. */
function argumentAt(command: Command, index: number): Argument | undefined {
  const found = command.registeredArguments;
  const last = found.at(-1);
  return found[index] ?? (last?.variadic === true ? last : undefined);
}

const firstLine = (text: string): string => (text.split("\n")[0] ?? "").trim();

function commandsOf(command: Command, partial: string): Completion {
  const candidates = command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({
      value: child.name(),
      description: firstLine(child.summary() || child.description()),
    }));
  const named = beginning(candidates, partial);
  // Another spelling is offered only to who types it: the list would show every command twice.
  const aliases = command.commands.flatMap((child) =>
    child.aliases().map((value) => ({ value, description: `is ${child.name()}` })),
  );
  return { ...NOTHING, candidates: named.length > 0 ? named : beginning(aliases, partial) };
}

function flagsOf({ command, flagValues }: TypedLine, partial: string): Completion {
  const options = command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !flagValues.has(option.attributeName()) || mayRepeat(option));
  const candidates = options.map(({ long, short, description }) => ({
    value: long ?? short ?? "",
    description: firstLine(description),
  }));
  const everywhere = { value: "--no-color", description: "no colour" };
  const all = candidates.some(({ value }) => value === everywhere.value)
    ? candidates
    : [...candidates, everywhere];
  return { ...NOTHING, candidates: beginning(all, partial) };
}

const mayRepeat = ({ variadic, defaultValue }: Option): boolean =>
  variadic || Array.isArray(defaultValue);

const beginning = (candidates: readonly Candidate[], start: string): readonly Candidate[] =>
  candidates.filter(({ value }) => value.startsWith(start));

/** The value of a flag or argument: one of its choices, or a name. `start` stands before it in the same word (`--flag=`). */
async function completeValue(
  place: Option | Argument,
  partial: string,
  start: string,
  typed: TypedLine,
  names: Names,
): Promise<Completion> {
  const source = valueSource(place, typed.command);
  if (source === "files" || source === "folders") return { candidates: [], shellAdds: source };
  // In a list with commas the last name is completed; those before it stay.
  const comma = source !== undefined && isList(place) ? partial.lastIndexOf(",") + 1 : 0;
  const taken = partial.slice(0, comma).split(",");
  const known = place.argChoices?.map((value) => ({ value, description: "" }));
  const candidates = known ?? (source === undefined ? [] : await names.of(source, typed, partial));
  return {
    ...NOTHING,
    candidates: beginning(candidates, partial.slice(comma))
      .filter(({ value }) => !taken.includes(value))
      .map(({ value, description }) => ({
        value: `${start}${partial.slice(0, comma)}${value}`,
        description,
      })),
  };
}

const isList = (place: Option | Argument): boolean =>
  "flags" in place && /<\w+s>|,/.test(place.flags);
