import { expect, test } from "bun:test";
import fc from "fast-check";
import { OutputBuffer } from "./output-buffer.ts";

test("decimal writes whole numbers", () => {
  const out = new OutputBuffer(1);
  for (const value of [0, 9, 10, 1234567890123]) out.decimal(value);
  expect(out.text()).toBe("09101234567890123");
});

test("a buffer that was large gives its memory back when it is empty", () => {
  const out = new OutputBuffer();
  out.write(new Uint8Array(1_000_000));
  out.consume(1_000_000);
  expect(out.size).toBe(0);
  expect(out.bytes.length).toBeLessThan(100_000);
});

test("what is sent from the front makes room without growing", () => {
  const out = new OutputBuffer(64);
  for (let i = 0; i < 1000; i += 1) {
    out.ascii("0123456789");
    if (i > 0) out.consume(10);
  }
  expect(out.bytes.length).toBe(64);
  expect(out.text()).toBe("0123456789");
});

const write = fc.oneof(
  fc.record({
    kind: fc.constant("ascii" as const),
    text: fc.string({ unit: "binary-ascii", maxLength: 50 }),
  }),
  fc.record({ kind: fc.constant("copy" as const), bytes: fc.uint8Array({ maxLength: 50 }) }),
  fc.record({ kind: fc.constant("byte" as const), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({
    kind: fc.constant("consume" as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

test("OutputBuffer behaves like a string with its front cut off", () => {
  fc.assert(
    fc.property(fc.array(write), fc.integer({ min: 1, max: 40 }), (writes, initialBytes) => {
      const out = new OutputBuffer(initialBytes);
      let model = "";
      for (const one of writes) {
        if (one.kind === "ascii") {
          out.ascii(one.text);
          model += one.text;
        } else if (one.kind === "copy") {
          out.copy(one.bytes, 0, one.bytes.length);
          model += Buffer.from(one.bytes).toString("latin1");
        } else if (one.kind === "byte") {
          out.byte(one.byte);
          model += String.fromCharCode(one.byte);
        } else {
          const count = Math.floor(model.length * one.part);
          out.consume(count);
          model = model.slice(count);
        }
        expect(out.size).toBe(model.length);
      }
      expect(out.text()).toBe(model);
    }),
  );
});
