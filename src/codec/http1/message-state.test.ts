import { describe, expect, test } from "bun:test";
import {
  EVENT,
  type EventName,
  MESSAGE_TRANSITIONS,
  nextState,
  STATE,
  type StateName,
} from "./message-state.ts";
import { bytesOf, createDecoder, feed, type Scene } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

const states = Object.keys(STATE) as StateName[];
const events = Object.keys(EVENT) as EventName[];

describe("message states", () => {
  test("every pair leads where the table says, and every other pair is a bug of ours", () => {
    for (const state of states) {
      for (const event of events) {
        const next = MESSAGE_TRANSITIONS[state][event];
        if (next === undefined) {
          expect(() => nextState(STATE[state], EVENT[event])).toThrow(`${event} in state ${state}`);
        } else {
          expect(nextState(STATE[state], EVENT[event])).toBe(STATE[next]);
        }
      }
    }
  });

  test("every state is reached from idle", () => {
    const reached = new Set<StateName>(["idle"]);
    for (const state of reached) {
      for (const next of Object.values(MESSAGE_TRANSITIONS[state])) reached.add(next);
    }
    expect([...reached].sort()).toEqual([...states].sort());
  });

  test("FIN is never a bug of ours: it may come at any time", () => {
    for (const state of states) expect(MESSAGE_TRANSITIONS[state].fin).toBeDefined();
  });
});

const REQUEST: Scene = { role: "request" };
const RESPONSE: Scene = { role: "response" };

test.each([
  ["nothing", REQUEST, "", ""],
  ["a blank line", REQUEST, "\r\n", ""],
  ["half a start line", REQUEST, "GET /", "error 400"],
  ["half a head", REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n", "error 400"],
  ["a whole request", REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "end"],
  ["half a body", REQUEST, "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na", "error 400"],
  [
    "half the trailers",
    RESPONSE,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX",
    "error 502",
  ],
  ["1xx alone", RESPONSE, "HTTP/1.1 103 A\r\n\r\n", "informational"],
  ["a tunnel", { role: "response", method: "CONNECT" } as Scene, "HTTP/1.1 200 OK\r\n\r\nx", "end"],
])("FIN after %s", (_name, scene, input, last) => {
  expect(
    feed(scene, [bytesOf(input)], true)
      .log.split("\n")
      .at(-1),
  ).toStartWith(last);
});

test("a response that nobody asked for is not read", () => {
  const decoder = createDecoder(RESPONSE, new LogSink());
  const bytes = bytesOf("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  expect(decoder.isIdle).toBe(true);
  expect(decoder.receive(bytes.slice(), 0, bytes.length)).toBe(bytes.length);
  expect(decoder.isIdle).toBe(true);
  expect(decoder.receive(bytes.slice(), 0, bytes.length)).toBe(0);
});

test("isIdle says whether closing loses anything", () => {
  const decoder = createDecoder(REQUEST, new LogSink());
  const idle = [..."\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"].map((character) => {
    decoder.receive(bytesOf(character), 0, 1);
    return decoder.isIdle;
  });
  expect(idle.indexOf(false)).toBe(2);
  expect(idle.lastIndexOf(false)).toBe(idle.length - 2);
});
