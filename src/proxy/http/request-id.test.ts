import { expect, test } from "bun:test";
import { createSeededRandom } from "#base/random.ts";
import { REQUEST_ID_BYTES, writeRequestId } from "./request-id.ts";

test("every id is a UUID of version 4 and variant 1, and they differ", () => {
  const random = createSeededRandom(7);
  const seen = new Set<string>();
  const variants = new Set<string>();
  for (let i = 0; i < 2000; i += 1) {
    const bytes = new Uint8Array(REQUEST_ID_BYTES);
    writeRequestId(random, bytes);
    const text = new TextDecoder().decode(bytes);
    expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(text);
    variants.add(text[19] ?? "");
  }
  expect(seen.size).toBe(2000);
  expect([...variants].sort()).toEqual(["8", "9", "a", "b"]);
});
