// Objects out of a stream that is cut anywhere, broken, or without end.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { JsonObjects } from "./json-objects.ts";

const encoder = new TextEncoder();

/** The objects cut out of `text` when it comes in pieces of the given sizes, the last one repeated. */
function cut(text: string, sizes: readonly number[], maxBytes = 10_000): string[] {
  const found: string[] = [];
  const objects = new JsonObjects(maxBytes, (object) => found.push(object));
  const bytes = encoder.encode(text);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? 1;
    objects.push(bytes.subarray(at, at + size));
    at += size;
  }
  return found;
}

test("objects are found wherever the pieces are cut, whatever their strings hold", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.object()), sizes, fc.constantFrom(0, 1), (values, pieces, indent) => {
      const text = values.map((value) => `${JSON.stringify(value, null, indent)}\n`).join("");
      expect(cut(text, pieces).map((object) => JSON.parse(object))).toEqual(
        values.map((value) => JSON.parse(JSON.stringify(value))),
      );
    }),
  );
});

test("any bytes are survived", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, two) => {
      const objects = new JsonObjects(50, (text) => expect(text.length).toBeLessThanOrEqual(50));
      objects.push(one);
      objects.push(two);
    }),
  );
});

test("an object over the limit is left out, and those around it are not", () => {
  const long = `{"a":"${"x".repeat(100)}"}`;
  expect(cut(`{"b":1}${long}{"c":2}`, [7], 20)).toEqual(['{"b":1}', '{"c":2}']);
});
