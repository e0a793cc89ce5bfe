import { expect, test } from "bun:test";
import { latin1 } from "../latin1.ts";
import { reasonPhrase, statusLine } from "./status-text.ts";

test("every status has one line, made once", () => {
  for (let status = 100; status < 600; status += 1) {
    const line = statusLine(status);
    expect(latin1(line, 0, line.length)).toBe(`HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`);
    expect(statusLine(status)).toBe(line);
  }
});

test("phrases that Envoy words in its own way", () => {
  expect([408, 413, 418, 426, 431, 299].map(reasonPhrase)).toEqual([
    "Request Timeout",
    "Payload Too Large",
    "Unknown",
    "Upgrade Required",
    "Request Header Fields Too Large",
    "Unknown",
  ]);
});
