import { describe, expect, test } from "bun:test";
import {
  CHUNK,
  CHUNK_CLASS,
  CHUNK_CLASS_OF,
  CHUNK_TRANSITIONS,
  type ChunkClassName,
  type ChunkStateName,
  nextChunkState,
} from "./chunk-state.ts";
import { bytesOf, feed } from "./testing/feed.ts";

const states = Object.keys(CHUNK) as ChunkStateName[];
const classes = Object.keys(CHUNK_CLASS) as ChunkClassName[];

describe("chunk states", () => {
  test("every pair leads where the table says, and every other pair to failure", () => {
    for (const state of states) {
      for (const byteClass of classes) {
        const expected = CHUNK_TRANSITIONS[state]?.[byteClass] ?? "failed";
        const next = nextChunkState(CHUNK[state], CHUNK_CLASS[byteClass]);
        expect(`${state} ${byteClass} ${next}`).toBe(`${state} ${byteClass} ${CHUNK[expected]}`);
      }
    }
  });

  test("every state but failure is reached from start", () => {
    const reached = new Set<ChunkStateName>(["start"]);
    for (const state of reached) {
      for (const next of Object.values(CHUNK_TRANSITIONS[state] ?? {})) reached.add(next);
      // By count, not by bytes.
      if (state === "data") reached.add("dataEnd").add("last");
    }
    expect([...reached].sort()).toEqual(states.filter((state) => state !== "failed").sort());
  });

  test("every byte has its class", () => {
    const of = (byte: number): string =>
      classes.find((name) => CHUNK_CLASS[name] === CHUNK_CLASS_OF[byte]) ?? "?";
    for (let byte = 0; byte < 256; byte += 1) {
      const c = String.fromCharCode(byte);
      if (/[0-9a-fA-F]/.test(c)) expect(of(byte)).toBe("hex");
      else if (c === "\r") expect(of(byte)).toBe("cr");
      else if (c === "\n") expect(of(byte)).toBe("lf");
      else if (c === " " || c === "\t") expect(of(byte)).toBe("blank");
      else if (c === ";") expect(of(byte)).toBe("semicolon");
      else expect(of(byte)).toBe(byte < 32 || byte === 127 ? "control" : "text");
    }
  });
});

// The grammar of RFC 9112 section 7.1 with extensions as loose as Envoy takes them, as an oracle that is not a table.
// What stands behind the first CRLF is data: every size tried here is at least 10.
const SIZE_LINE = /^[0-9a-fA-F]+[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n/;

test("a chunk size line passes exactly when the grammar has it", () => {
  const alphabet = ["0", "A", "g", ";", " ", "\t", "\r", "\n", "\x7f", '"', "\xe9"];
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  let lineCount = 0;
  const visit = (line: string): void => {
    // "A" stands before the digit so that no tried line is the last chunk's.
    const text = `A${line}\r\n`;
    const { log } = feed({ role: "request" }, [bytesOf(`${head}${text}`)]);
    expect(`${JSON.stringify(text)} ${!log.includes("error")}`).toBe(
      `${JSON.stringify(text)} ${SIZE_LINE.test(text)}`,
    );
    lineCount += 1;
    if (line.length < 3) for (const next of alphabet) visit(line + next);
  };
  visit("");
  expect(lineCount).toBe(1 + 11 + 121 + 1331);
});
