// No secret stays, and what is no secret stays readable.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { REDACTED, redact, redactText } from "./redact.ts";

const KEY =
  "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPlanted\nAwEHoUQD\n-----END EC PRIVATE KEY-----";
const KEY64 = Buffer.from(KEY).toString("base64");
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl";

describe("text", () => {
  test.each([
    // text | what is left
    [`before ${KEY} after`, "before [redacted] after"],
    ["cut -----BEGIN PRIVATE KEY-----\nMHcC", "cut [redacted]"],
    [`key: ${KEY64}`, "key: [redacted]"],
    ["postgres://app:hunter2@db:5432/x", "postgres://[redacted]@db:5432/x"],
    ["GET https://u:p@ss@h/", "GET https://[redacted]@h/"],
    ["authorization: Bearer abcdef123", "authorization: [redacted]"],
    ["Authorization: Basic dTpw\r\nhost: a", "Authorization: [redacted]\r\nhost: a"],
    ["proxy-authorization: x", "proxy-authorization: [redacted]"],
    ["cookie: a=b; c=d\nhost: a", "cookie: [redacted]\nhost: a"],
    ["curl -H 'Authorization: token abc def' x", "curl -H 'Authorization: [redacted]' x"],
    [`got ${JWT}.`, "got [redacted]."],
    ["DB_PASSWORD=hunter2 node app.js", "DB_PASSWORD=[redacted] node app.js"],
    ['API_KEY="a b c" node', "API_KEY=[redacted] node"],
    ["MY_SECRET='x y' node", "MY_SECRET=[redacted] node"],
    [
      "node app.js --db-password hunter2 --port 80",
      "node app.js --db-password [redacted] --port 80",
    ],
    ["node app.js --token=abc", "node app.js --token=[redacted]"],
    ["GET /x?access_token=abc&page=2", "GET /x?access_token=[redacted]&page=2"],
    ['log {"password":"a\\"b","user":"u"}', 'log {"password":[redacted],"user":"u"}'],
    ["password: my pass phrase\nuser: u", "password: [redacted]\nuser: u"],
    ["  password:\n    exact: planted\n\n    a: b\n  user: u", "  password:[redacted]\n  user: u"],
    ["key_secret: |\n  planted\n  more\nuser: u", "key_secret: [redacted]\nuser: u"],
    ["https://ghtoken@example.com/x", "https://[redacted]@example.com/x"],
    ["x: token=abc", "x: token=[redacted]"],
    ["aws AKIAIOSFODNN7EXAMPLE", "aws [redacted]"],
    ["ghp_0123456789abcdefghij0123456789abcdef", "[redacted]"],
  ])("%j becomes %j", (text, wanted) => {
    expect(redactText(text).text).toBe(wanted);
    expect(redactText(text).count).toBeGreaterThan(0);
  });

  test.each([
    "cluster.outbound|80||reviews.default.svc.cluster.local.upstream_rq_total: 12",
    "listener.127.0.0.1_15001.downstream_cx_total: 3",
    '[2026-11-24T00:00:00.000Z] "GET /a?b=c HTTP/1.1" 200 - 0 12 3 - "-" "curl/8" "id" "reviews:9080" "127.0.1.5:20003"',
    "ssl.session_reused: 4",
    "secrets: []",
    "token_count: 3",
    "the password is asked for",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "http://127.0.0.1:8080/a:b@c",
  ])("%j stays as it is", (text) => {
    expect(redactText(text)).toEqual({ text, count: 0 });
  });
});

describe("JSON", () => {
  const left = (value: unknown): unknown => JSON.parse(redact(JSON.stringify(value)).text);

  test.each([
    [
      { password: "hunter2", user: "u" },
      { password: REDACTED, user: "u" },
    ],
    [{ privateKey: { inlineBytes: "c2VjcmV0" } }, { privateKey: { inlineBytes: REDACTED } }],
    [{ private_key: { filename: "/key.pem" } }, { private_key: { filename: REDACTED } }],
    [
      { headers: { authorization: { exact: "planted" }, end: { exact: "kept" } } },
      { headers: { authorization: { exact: REDACTED }, end: { exact: "kept" } } },
    ],
    [
      { header: { key: "x-api-key", value: "planted" } },
      { header: { key: "x-api-key", value: REDACTED } },
    ],
    [
      { name: "cookie", stringMatch: { exact: "planted" }, invertMatch: true },
      { name: "cookie", stringMatch: { exact: REDACTED }, invertMatch: true },
    ],
    [
      { annotations: { "sampan.dev/run": "DB_PASSWORD=planted node a.js" } },
      { annotations: { "sampan.dev/run": "DB_PASSWORD=[redacted] node a.js" } },
    ],
    [{ list: [{ token: ["planted", 3] }] }, { list: [{ token: [REDACTED, 3] }] }],
    [
      { name: "token-service", altStatName: "s", type: "EDS" },
      { name: "token-service", altStatName: "s", type: "EDS" },
    ],
    [{ tokenBucket: { maxTokens: 3 } }, { tokenBucket: { maxTokens: 3 } }],
    [{ secrets: [{ name: "default" }] }, { secrets: [{ name: "default" }] }],
  ])("%j becomes %j", (value, wanted) => {
    expect(left(value)).toEqual(wanted);
  });

  test("depth without end is left out, not followed", () => {
    const deep = `${"[".repeat(10_000)}"planted"${"]".repeat(10_000)}`;
    expect(redact(deep).text).not.toContain("planted");
  });
});

test("a secret is gone in every way it may be written", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/).map((text) => `planted${text}`);
  const name = fc.constantFrom(
    "password",
    "DB_PASSWORD",
    "api-key",
    "clientSecret",
    "X-Auth-Token",
    "SESSION_ID",
  );
  const written = fc.constantFrom<(name: string, secret: string) => string>(
    (n, s) => `${n}=${s}`,
    (n, s) => `x\n  ${n}: ${s}\ny`,
    (n, s) => `${n}: "${s}"`,
    (n, s) => JSON.stringify({ a: [{ [n]: s }] }),
    (n, s) => JSON.stringify(JSON.stringify({ [n]: s })),
    (n, s) => JSON.stringify({ log: `{"${n}":"${s}"}` }),
    (n, s) => JSON.stringify({ name: n, value: s }),
    (n, s) => `GET /?a=b&${n}=${s}&c=d`,
    (n, s) => `prog --${n.toLowerCase()} ${s} x`,
    (_, s) => `redis://user:${s}@h/1`,
    (_, s) => `Authorization: Bearer ${s}`,
    (_, s) => JSON.stringify({ note: `-H "authorization: Bearer ${s}"` }),
  );
  fc.assert(
    fc.property(name, secret, written, (n, s, write) => {
      expect(redact(write(n, s)).text).not.toContain(s);
    }),
  );
});

test("redacting twice changes nothing more, and any text is taken", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const once = redact(text).text;
      expect(redact(once).text).toBe(once);
    }),
  );
});

test("long lines take no time to speak of", () => {
  const started = performance.now();
  for (const part of [
    "a",
    "password",
    "password=",
    "http://",
    "x://a:",
    "-----BEGIN ",
    "token: ",
    "--token ",
    "eyJaaaaaaaa.",
  ]) {
    redactText(part.repeat(20_000));
  }
  expect(performance.now() - started).toBeLessThan(2_000); // milliseconds when every pattern is linear, minutes when one is not
});
