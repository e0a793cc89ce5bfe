import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatGeneral, formatInteger } from "./format-number.ts";

test.each([
  [0, "0"],
  [-0, "0"],
  [1795470127665, "1795470127665"],
  [2 ** 60, "1152921504606846976"],
  [2 ** 64, "18446744073709551615"],
  [1e30, "18446744073709551615"],
])("formatInteger %p", (value, expected) => {
  expect(formatInteger(value)).toBe(expected);
});

test.each([
  [0, 6, "0"],
  [0.5, 6, "0.5"],
  [300_000, 6, "300000"],
  [1_800_000, 6, "1.8e+06"],
  [3_600_000, 32, "3600000"],
  [0.00001, 6, "1e-05"],
  [0.0001, 6, "0.0001"],
  [999_999.5, 6, "1e+06"],
  // As C++ prints the doubles on Envoy's /stats/prometheus.
  [26.538576406172226, 32, "26.53857640617222557466448051855"],
  [2.0952380952380953, 32, "2.0952380952380953438307642500149"],
  [12634.838709677419, 32, "12634.838709677418592036701738834"],
  [Number.NaN, 6, "nan"],
])("formatGeneral %p to %p digits: %p", (value, digits, expected) => {
  expect(formatGeneral(value, digits)).toBe(expected);
});

test("formatGeneral to 17 digits and more loses nothing", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), (value) => {
      return Number(formatGeneral(value, 32)) === value;
    }),
  );
});
