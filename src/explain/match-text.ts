// A route's match in words, and whether one match leaves nothing to another.
import { quoted } from "#base/log.ts";
import type { HeaderMatcher, StringMatcher } from "#proxy/config/matcher-config.ts";
import type { PathMatch, RouteMatch } from "#proxy/config/route-config.ts";

/** `path begins with "/reviews", header end-user is "jason"`; "every request". */
export function matchText(match: RouteMatch): string {
  const parts: string[] = [];
  if (!isEveryPath(match.path)) parts.push(pathText(match.path));
  for (const matcher of match.headers) parts.push(headerText(matcher));
  for (const { name, test } of match.queryParameters) {
    const value = test.kind === "present" ? presence(test.present) : stringText(test.matcher);
    parts.push(`query parameter ${name} ${value}`);
  }
  if (match.grpcOnly) parts.push("gRPC");
  if (match.runtimeFraction !== undefined) {
    const { numerator, denominator } = match.runtimeFraction;
    parts.push(`${Number(((100 * numerator) / denominator).toFixed(4))} % of requests`);
  }
  return parts.length === 0 ? EVERYTHING : parts.join(", ");
}

const EVERYTHING = "every request";

export function matchesEverything(match: RouteMatch): boolean {
  return matchText(match) === EVERYTHING;
}

function pathText(path: PathMatch): string {
  switch (path.kind) {
    case "prefix":
      return `path begins with ${quoted(path.value)}`;
    case "path":
      return `path is ${quoted(path.value)}`;
    case "pathSeparatedPrefix":
      return `path is ${quoted(path.value)} or below`;
    case "regex":
      return `path matches ${quoted(path.regex.source)}`;
  }
}

function headerText({ name, test, invert }: HeaderMatcher): string {
  const not = invert ? "not: " : "";
  switch (test.kind) {
    case "present":
      return `${not}header ${name.text} ${presence(test.present)}`;
    case "string":
      return `${not}header ${name.text} ${stringText(test.matcher)}`;
    case "range":
      return `${not}header ${name.text} in [${test.start}, ${test.end})`;
  }
}

const presence = (isPresent: boolean): string => (isPresent ? "is there" : "is missing");

function stringText(matcher: StringMatcher): string {
  switch (matcher.kind) {
    case "exact":
      return `is ${quoted(matcher.value)}`;
    case "prefix":
      return `begins with ${quoted(matcher.value)}`;
    case "suffix":
      return `ends with ${quoted(matcher.value)}`;
    case "contains":
      return `contains ${quoted(matcher.value)}`;
    case "regex":
      return `matches ${quoted(matcher.regex.source)}`;
  }
}

function isEveryPath(path: PathMatch): boolean {
  if (path.kind === "regex") return path.regex.source === ".*";
  return path.kind === "prefix" && (path.value === "" || path.value === "/");
}

/** Whether every request that `later` matches is one that `earlier` matches, as far as that can be told. */
export function covers(earlier: RouteMatch, later: RouteMatch): boolean {
  if (earlier.runtimeFraction !== undefined) return false;
  if (earlier.grpcOnly && !later.grpcOnly) return false;
  return (
    coversPath(earlier.path, later.path) &&
    earlier.headers.every((one) => later.headers.some((other) => isSame(one, other))) &&
    earlier.queryParameters.every((one) =>
      later.queryParameters.some((other) => isSame(one, other)),
    )
  );
}

function coversPath(earlier: PathMatch, later: PathMatch): boolean {
  if (isEveryPath(earlier)) return true;
  if (earlier.kind === "regex" || later.kind === "regex") {
    return earlier.kind === later.kind && sourceOf(earlier) === sourceOf(later);
  }
  // One that folds case covers one that does not only when compared in lower case.
  if (earlier.caseSensitive && !later.caseSensitive) return false;
  const fold = (text: string): string => (earlier.caseSensitive ? text : text.toLowerCase());
  const [wide, narrow] = [fold(earlier.value), fold(later.value)];
  if (earlier.kind === "path") return later.kind === "path" && wide === narrow;
  if (earlier.kind === "prefix") return narrow.startsWith(wide);
  // Only what begins with the prefix and a slash stays within it, whatever follows.
  const isBelow = narrow.startsWith(`${wide}/`);
  return later.kind === "prefix" ? isBelow : isBelow || narrow === wide;
}

function sourceOf(path: PathMatch): string | undefined {
  return path.kind === "regex" ? path.regex.source : undefined;
}

/** Configuration is plain data but for compiled expressions, which stand for their source, and 64-bit numbers. */
function isSame(one: unknown, other: unknown): boolean {
  return text(one) === text(other);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    if (typeof part === "object" && part !== null && "source" in part) return part.source;
    if (typeof part === "object" && part !== null && "slot" in part && "text" in part)
      return part.text;
    return part;
  });
}
