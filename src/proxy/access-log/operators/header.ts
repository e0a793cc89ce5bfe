// Operators that read header fields: REQUEST_HEADER(A?B):Z and its like for responses and trailers.
import type { HeaderBlock } from "#codec/header-block.ts";
import { type HeaderName, headerName } from "#codec/header-name.ts";
import type { RequestHead } from "#codec/http1/request-head.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { type ValueMode, writeBytes, writeText } from "../escape.ts";
import type { Field } from "../field.ts";
import type { Command, Operator, Operators } from "../operator.ts";

/** Appends the value of one header; false when it is not there. */
type HeaderReader = (
  info: StreamInfo,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
) => boolean;

const FIELD_NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function writeField(
  block: HeaderBlock | undefined,
  name: HeaderName,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
): boolean {
  const i = block === undefined ? -1 : block.find(name);
  if (block === undefined || i === -1) return false;
  const start = block.valueStart(i);
  const end = Math.min(block.valueEnd(i), start + maxLength);
  writeBytes(out, block.bytesAt(i), start, end, mode);
  return true;
}

function writeClipped(
  text: string,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
): boolean {
  writeText(out, text.length > maxLength ? text.slice(0, maxLength) : text, mode);
  return true;
}

/** The path with its query; a CONNECT has none. */
export function writePath(
  head: RequestHead | undefined,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
): boolean {
  if (head === undefined || head.pathEnd === head.pathStart) return false;
  const end = Math.min(head.pathEnd, head.pathStart + maxLength);
  writeBytes(out, head.pathBytes, head.pathStart, end, mode);
  return true;
}

const ORIGINAL_PATH = headerName("x-envoy-original-path");

/** The path before a rewrite, where there was one. */
export function writeOriginalPath(
  info: StreamInfo,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
): boolean {
  if (info.originalPath !== undefined) return writeClipped(info.originalPath, out, mode, maxLength);
  return writeField(info.requestHead, ORIGINAL_PATH, out, mode, maxLength);
}

/** What is no field of the head but part of its first line (HTTP/2's pseudo-headers), and what is kept elsewhere. */
const REQUEST_SPECIAL: Readonly<Record<string, HeaderReader>> = {
  ":method": (info, out, mode, maxLength) =>
    info.requestHead !== undefined && writeClipped(info.requestHead.method, out, mode, maxLength),
  ":path": (info, out, mode, maxLength) => writePath(info.requestHead, out, mode, maxLength),
  ":authority": writeAuthority,
  host: writeAuthority,
  ":scheme": (info, out, mode, maxLength) =>
    info.requestHead !== undefined &&
    writeClipped(info.requestHead.scheme || "http", out, mode, maxLength),
  "x-envoy-original-path": writeOriginalPath,
};

function writeAuthority(
  info: StreamInfo,
  out: OutputBuffer,
  mode: ValueMode,
  maxLength: number,
): boolean {
  const head = info.requestHead;
  if (head === undefined || !head.hasAuthority) return false;
  const end = Math.min(head.authorityEnd, head.authorityStart + maxLength);
  writeBytes(out, head.authorityBytes, head.authorityStart, end, mode);
  return true;
}

function requestReader(name: string): HeaderReader {
  const special = REQUEST_SPECIAL[name];
  if (special !== undefined) return special;
  const header = headerName(name);
  return (info, out, mode, maxLength) => writeField(info.requestHead, header, out, mode, maxLength);
}

function responseReader(name: string): HeaderReader {
  if (name === ":status") {
    return (info, out, mode, maxLength) =>
      info.responseHead !== undefined &&
      writeClipped(String(info.responseHead.status), out, mode, maxLength);
  }
  const header = headerName(name);
  return (info, out, mode, maxLength) =>
    writeField(info.responseHead, header, out, mode, maxLength);
}

function trailerReader(name: string): HeaderReader {
  const header = headerName(name);
  return (info, out, mode, maxLength) =>
    writeField(info.responseTrailers, header, out, mode, maxLength);
}

/** `A?B`: B is read where A is not there. */
function headerOperator(meaning: string, reader: (name: string) => HeaderReader): Operator {
  return {
    parameter: "required",
    takesLength: true,
    meaning,
    create({ name, parameter, maxLength = Number.POSITIVE_INFINITY }: Command): Field | string {
      const names = parameter.split("?");
      if (names.length > 2) return `${name} takes one alternative header: "${parameter}" has more`;
      // An empty side ("A?") names no header.
      const wanted = names.filter((part) => part !== "").map((part) => part.toLowerCase());
      const wrong = wanted.find((part) => !FIELD_NAME.test(part));
      if (wrong !== undefined) return `"${wrong}" is no header name`;
      const readers = wanted.map(reader);
      return {
        isNumber: false,
        write(info, out, mode) {
          for (const read of readers) if (read(info, out, mode, maxLength)) return true;
          return false;
        },
      };
    },
  };
}

const REQUEST = headerOperator("A request header; with A?B, B where A is missing", requestReader);
const RESPONSE = headerOperator("A response header", responseReader);
const TRAILER = headerOperator("A response trailer", trailerReader);

export const HEADER_OPERATORS: Operators = {
  REQUEST_HEADER: REQUEST,
  REQ: REQUEST,
  RESPONSE_HEADER: RESPONSE,
  RESP: RESPONSE,
  RESPONSE_TRAILER: TRAILER,
  TRAILER,
};
