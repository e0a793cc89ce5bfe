// What the inspectors see in the first bytes of a connection.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Inspection, inspect } from "./inspect.ts";

const BOTH = { httpInspector: true, tlsInspector: true, originalDst: false };
const HTTP_ONLY = { ...BOTH, tlsInspector: false };
const TLS_ONLY = { ...BOTH, httpInspector: false };

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const u16 = (value: number): number[] => [value >> 8, value & 255];
const u24 = (value: number): number[] => [value >> 16, ...u16(value & 0xffff)];
const block16 = (bytes: readonly number[]): number[] => [...u16(bytes.length), ...bytes];
const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];

const extension = (type: number, data: readonly number[]): number[] => [
  ...u16(type),
  ...block16(data),
];
const serverName = (name: string): number[] => extension(0, block16([0, ...block16(ascii(name))]));
const alpn = (...names: readonly string[]): number[] =>
  extension(16, block16(names.flatMap((name) => [name.length, ...ascii(name)])));

/** A ClientHello in one record (RFC 8446 4.1.2). */
function clientHello(...extensions: readonly (readonly number[])[]): Uint8Array {
  const body = [
    ...[3, 3],
    ...new Array<number>(32).fill(7),
    ...[2, 1, 2],
    ...block16([0x13, 0x01]),
    ...[1, 0],
    ...block16(extensions.flat()),
  ];
  return Uint8Array.from([22, 3, 1, ...block16([1, ...u24(body.length), ...body])]);
}

const raw: Inspection = {
  serverName: undefined,
  transportProtocol: "raw_buffer",
  applicationProtocols: [],
};
const http = (protocol: string): Inspection => ({ ...raw, applicationProtocols: [protocol] });
const tls = (name: string | undefined, ...protocols: readonly string[]): Inspection => ({
  serverName: name,
  transportProtocol: "tls",
  applicationProtocols: protocols,
});

describe("inspect", () => {
  test.each<[string, Inspection | "needMore"]>([
    ["GET / HTTP/1.1\r\n", http("http/1.1")],
    ["GET / HTTP/1.1\n", http("http/1.1")],
    ["M-SEARCH /a?b HTTP/1.1\r\nx", http("http/1.1")],
    ["GET / HTTP/1.0\r\n", http("http/1.0")],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http("h2c")],
    ["PRI * HTTP/2.0\r\n", "needMore"],
    ["GET / HTTP/1.1", "needMore"],
    ["GE", "needMore"],
    ["GET / HTTP/2.0\r\n", raw],
    ["GET /\r\n", raw],
    ["hello\r\n", raw],
    ["get / HTTP/1.1\r\n", raw],
    ["\x00\x01", raw],
    ["\r\n", raw],
    ["+OK ready\r\n", raw],
  ])("of the bytes %j: %j", (text, expected) => {
    expect(inspect(bytesOf(text), BOTH)).toEqual(expected);
    expect(inspect(bytesOf(text), HTTP_ONLY)).toEqual(expected);
    expect(inspect(bytesOf(text), TLS_ONLY)).toEqual(raw);
  });

  test.each<[string, Uint8Array, Inspection]>([
    ["nothing", clientHello(), tls(undefined)],
    ["a name, in lower case", clientHello(serverName("WWW.Example.org")), tls("www.example.org")],
    ["protocols", clientHello(alpn("h2", "http/1.1")), tls(undefined, "h2", "http/1.1")],
    ["both", clientHello(extension(10, [1]), serverName("a.b"), alpn("h2")), tls("a.b", "h2")],
    ["an empty name", clientHello(serverName("")), tls(undefined)],
    ["a name that is cut", clientHello(extension(0, [0, 9, 0, 0, 20, 97])), tls(undefined)],
  ])("a ClientHello with %s", (_, bytes, expected) => {
    expect(inspect(bytes, BOTH)).toEqual(expected);
    expect(inspect(bytes, TLS_ONLY)).toEqual(expected);
    expect(inspect(bytes, HTTP_ONLY)).toEqual(raw);
  });

  test("a ClientHello is waited for until its record is there", () => {
    const hello = clientHello(serverName("a.b"), alpn("h2"));
    for (let length = 0; length < hello.length; length += 1) {
      expect(inspect(hello.subarray(0, length), BOTH)).toBe("needMore");
    }
    expect(inspect(hello, BOTH)).toEqual(tls("a.b", "h2"));
  });

  test("bytes that begin like TLS and are none", () => {
    expect(inspect(Uint8Array.from([22, 2]), BOTH)).toEqual(raw);
    expect(inspect(Uint8Array.from([22, 3, 1, 0, 2, 2, 0]), BOTH)).toEqual(raw);
  });

  test("a request line without an end is not waited for beyond 8 KiB", () => {
    expect(inspect(bytesOf(`GET /${"a".repeat(5000)}`), BOTH)).toBe("needMore");
    expect(inspect(bytesOf(`GET /${"a".repeat(9000)}`), BOTH)).toEqual(raw);
  });

  test("any bytes: no throw, and what was decided stays decided when more comes", () => {
    const hello = fc.uint8Array({ maxLength: 80 }).map((bytes) => {
      const start = clientHello(serverName("a.b"));
      start.set(bytes.subarray(0, Math.max(0, start.length - 9)), 9);
      return start;
    });
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      hello,
      fc.string({ unit: fc.constantFrom(..."GET /P\r\n1.0HT*"), maxLength: 30 }).map(bytesOf),
    );
    fc.assert(
      fc.property(some, (bytes) => {
        let decided: Inspection | "needMore" = "needMore";
        for (let length = 0; length <= bytes.length; length += 1) {
          const now = inspect(bytes.subarray(0, length), BOTH);
          if (decided !== "needMore") expect(now).toEqual(decided);
          decided = now;
        }
      }),
    );
  });
});
