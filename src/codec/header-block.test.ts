import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HeaderBlock } from "./header-block.ts";
import { headerName, keySlot, nameKey } from "./header-name.ts";
import { FieldLineParser } from "./http1/field-lines.ts";
import { describeFields } from "./http1/testing/log.ts";

/** A block as it is after these lines were received. */
function received(...lines: string[]): HeaderBlock {
  const block = new HeaderBlock();
  block.bytes = new Uint8Array(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  new FieldLineParser().parse(block, block.bytes.length, 1000);
  return block;
}

describe("HeaderBlock", () => {
  test("finds received and appended fields in order", () => {
    const block = received("Accept: a", "X-One: 1", "accept: b");
    block.append(headerName("Accept"), "c");
    const accept = headerName("accept");
    const first = block.find(accept);
    const second = block.findNext(accept, first);
    const third = block.findNext(accept, second);
    expect([first, second, third, block.findNext(accept, third)]).toEqual([0, 2, 3, -1]);
    expect([first, second, third].map((i) => block.valueAt(i))).toEqual(["a", "b", "c"]);
    expect(block.find(accept, 1)).toBe(2);
    expect(block.value(headerName("x-two"))).toBeUndefined();
  });

  test("tells names apart that share length, first and last byte, and so the slot", () => {
    const block = received("x-abc: 1", "x-adc: 2");
    expect(nameKey(5, 120, 99)).toBe(headerName("x-abc").key);
    expect(headerName("x-abc").key).toBe(headerName("x-adc").key);
    expect(block.value(headerName("x-adc"))).toBe("2");
    expect(block.value(headerName("x-aec"))).toBeUndefined();
    block.remove(headerName("x-abc"));
    expect(block.value(headerName("x-abc"))).toBeUndefined();
    expect(block.value(headerName("x-adc"))).toBe("2");
  });

  test("set replaces every field of the name", () => {
    const block = received("a: 1", "b: 2", "A: 3");
    block.set(headerName("a"), Buffer.from("4"));
    expect(describeFields(block)).toEqual(['b: "2"', 'a: "4"']);
  });

  test("removeNamed takes names as a peer wrote them, in lower case", () => {
    const block = received("a-b: 1", "c: 2", "A-B: 3");
    block.removeNamed(Buffer.from("xa-bx"), 1, 4);
    expect(describeFields(block)).toEqual(['c: "2"']);
    block.removeNamed(Buffer.from(""), 0, 0);
    expect(describeFields(block)).toEqual(['c: "2"']);
  });

  test("valueIs compares all bytes", () => {
    const block = received("a: one");
    expect(block.valueIs(0, Buffer.from("one"))).toBe(true);
    expect(block.valueIs(0, Buffer.from("on"))).toBe(false);
    expect(block.valueIs(0, Buffer.from("onE"))).toBe(false);
  });

  test("a name from Object's prototype is a name like any other", () => {
    const block = received("__proto__: 1", "constructor: 2");
    expect(block.value(headerName("__proto__"))).toBe("1");
    expect(block.value(headerName("constructor"))).toBe("2");
    expect(block.value(headerName("toString"))).toBeUndefined();
  });

  test("slots cover 0 to 31", () => {
    const slots = new Set(Array.from({ length: 4000 }, (_, n) => keySlot(nameKey(n % 40, n, n))));
    expect([...slots].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i));
  });
});

type Step =
  | { readonly kind: "append" | "set"; readonly name: string; readonly value: string }
  | { readonly kind: "remove"; readonly name: string };

const name = fc.constantFrom("a", "b", "ab", "acb", "adb", "x-one", "x-ope", "content-length");
const value = fc.string({ unit: fc.constantFrom("a", "\xff", "1", " b"), maxLength: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("append" as const, "set" as const), name, value }),
  fc.record({ kind: fc.constant("remove" as const), name }),
);

test("HeaderBlock behaves like a list of pairs", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 40 }),
      fc.array(step),
      (start, steps) => {
        const block = received(...start.map(([n, v]) => `${n}: ${v}`));
        let model = start.map(([n, v]) => [n, v.trim()]);
        for (const one of steps) {
          if (one.kind !== "append") model = model.filter(([n]) => n !== one.name);
          if (one.kind !== "remove") model.push([one.name, one.value]);
          if (one.kind === "append") block.append(headerName(one.name), one.value);
          else if (one.kind === "set") block.set(headerName(one.name), one.value);
          else block.remove(headerName(one.name));
        }
        const pairs: string[][] = [];
        for (let i = 0; i < block.count; i += 1) {
          if (!block.isRemoved(i)) pairs.push([block.nameAt(i), block.valueAt(i)]);
        }
        expect(pairs).toEqual(model);
        for (const n of ["a", "b", "ab", "acb", "adb", "x-one", "x-ope", "content-length"]) {
          expect(block.value(headerName(n))).toBe(model.find(([m]) => m === n)?.[1]);
        }
      },
    ),
  );
});
