// Operators that read the request's path and query.

import { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { percentDecoded, writeBytes } from "../escape.ts";
import type { Field } from "../field.ts";
import type { Command, Operator, Operators } from "../operator.ts";
import { writeOriginalPath, writePath } from "./header.ts";

const QUESTION_MARK = 0x3f;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PATH_SOURCES = ["ORIG", "PATH", "ORIG_OR_PATH"] as const;
type PathSource = (typeof PATH_SOURCES)[number];

/** Paths are looked into here, away from the line; one log line is written at a time, so one buffer serves all. */
const scratch = new OutputBuffer(1024);

/** Puts the raw path into `scratch`; false when there is none. */
function loadPath(info: StreamInfo, source: PathSource): boolean {
  scratch.clear();
  if (source !== "PATH" && writeOriginalPath(info, scratch, "raw", Number.POSITIVE_INFINITY)) {
    return true;
  }
  return source !== "ORIG" && writePath(info.requestHead, scratch, "raw", Number.POSITIVE_INFINITY);
}

/** Where the query starts in `scratch`: behind the question mark, or -1 without one. */
function queryStart(): number {
  const at = scratch.bytes.indexOf(QUESTION_MARK);
  return at === -1 || at >= scratch.end ? -1 : at + 1;
}

function createPath({ parameter, maxLength = Number.POSITIVE_INFINITY }: Command): Field | string {
  const [query = "", source = "ORIG_OR_PATH"] = parameter === "" ? ["WQ"] : parameter.split(":");
  if (query !== "WQ" && query !== "NQ") return `Unknown PATH option "${query}": must be WQ or NQ`;
  const chosen = PATH_SOURCES.find((known) => known === source);
  if (chosen === undefined) {
    return `Unknown PATH option "${source}": must be one of ${PATH_SOURCES.join(", ")}`;
  }
  return {
    isNumber: false,
    write(info, out, mode) {
      if (!loadPath(info, chosen)) return false;
      const question = queryStart();
      const end = query === "NQ" && question !== -1 ? question - 1 : scratch.end;
      writeBytes(out, scratch.bytes, 0, Math.min(end, maxLength), mode);
      return true;
    },
  };
}

function createQueryParam({ parameter, maxLength }: Command): Field {
  const wanted = new TextEncoder().encode(parameter);
  return {
    isNumber: false,
    write(info, out, mode) {
      if (!loadPath(info, "PATH")) return false;
      const [start, end] = findParameter(wanted);
      if (start === -1) return false;
      const value = percentDecoded(scratch.bytes, start, end);
      writeBytes(out, value, 0, Math.min(value.length, maxLength ?? value.length), mode);
      return true;
    },
  };
}

/** Where the value of the first parameter `name` lies in `scratch`, or [-1, -1]. */
function findParameter(name: Uint8Array): readonly [number, number] {
  let start = queryStart();
  while (start !== -1 && start < scratch.end) {
    let end = scratch.bytes.indexOf(AMPERSAND, start);
    if (end === -1 || end > scratch.end) end = scratch.end;
    let equals = scratch.bytes.indexOf(EQUALS, start);
    if (equals === -1 || equals > end) equals = end;
    if (isEqual(percentDecoded(scratch.bytes, start, equals), name)) {
      return [Math.min(equals + 1, end), end];
    }
    start = end + 1;
  }
  return [-1, -1];
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const QUERY_OPTIONS = ["", "ORIG", "DECODED"];

function createQueryParams({ parameter, maxLength }: Command): Field | string {
  if (!QUERY_OPTIONS.includes(parameter)) {
    return `Unknown QUERY_PARAMS option "${parameter}": must be ORIG or DECODED`;
  }
  return {
    isNumber: false,
    write(info, out, mode) {
      if (!loadPath(info, "PATH")) return false;
      const start = queryStart();
      if (start === -1) return false;
      const query =
        parameter === "DECODED"
          ? percentDecoded(scratch.bytes, start, scratch.end)
          : scratch.bytes.subarray(start, scratch.end);
      writeBytes(out, query, 0, Math.min(query.length, maxLength ?? query.length), mode);
      return true;
    },
  };
}

const operator = (
  parameter: Operator["parameter"],
  meaning: string,
  create: Operator["create"],
): Operator => ({ parameter, takesLength: true, meaning, create });

export const PATH_OPERATORS: Operators = {
  PATH: operator(
    "optional",
    "The path; WQ or NQ: with or without query; ORIG, PATH, ORIG_OR_PATH: before or after rewriting",
    createPath,
  ),
  QUERY_PARAM: operator("required", "One query parameter, percent-decoded", createQueryParam),
  QUERY_PARAMS: operator(
    "optional",
    "The whole query as received; DECODED: percent-decoded",
    createQueryParams,
  ),
};
