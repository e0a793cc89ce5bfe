import { expect, test } from "bun:test";
import { endOfHost, isPort, isUserinfo } from "./authority.ts";
import { bytesOf } from "./testing/feed.ts";

test.each([
  ["", 0],
  ["a", 1],
  ["a.b-c_d~e", 9],
  ["a:80", 1],
  ["a:", 1],
  ["127.0.0.1:8080", 9],
  ["[::1]", 5],
  ["[::ffff:1.2.3.4]:80", 16],
  ["a%20b", 5],
  ["!$&'()*+;=", 10],
  [":", -1],
  [":80", -1],
  ["a:b", -1],
  ["a:8:8", -1],
  ["a,b", -1],
  ["u@a", -1],
  ["a/b", -1],
  ["a%2", -1],
  ["a%zz", -1],
  ["[]", -1],
  ["[:", -1],
  ["[::1", -1],
  ["[::1]a", -1],
  ["[fe80::1%25eth0]", -1],
  ["a b", -1],
  ["\xe9", -1],
])("endOfHost(%j) is %d", (text, expected) => {
  // Bytes around it must not matter.
  const bytes = bytesOf(`]${text}:1`);
  const end = endOfHost(bytes, 1, 1 + text.length);
  expect(end === -1 ? -1 : end - 1).toBe(expected);
});

test.each([
  ["1", true],
  ["65535", true],
  ["00080", true],
  ["", false],
  ["0", false],
  ["65536", false],
  ["99999999999999999999", false],
  ["8a", false],
  ["-1", false],
])("isPort(%j) is %p", (text, expected) => {
  expect(isPort(bytesOf(text), 0, text.length)).toBe(expected);
});

test.each([
  ["", true],
  ["user", true],
  ["user:pass:word", true],
  ["a%40b", true],
  ["a\\b", false],
  ["a@b", false],
  ["a,b", false],
])("isUserinfo(%j) is %p", (text, expected) => {
  expect(isUserinfo(bytesOf(text), 0, text.length)).toBe(expected);
});
