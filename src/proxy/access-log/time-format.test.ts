import { expect, test } from "bun:test";
import fc from "fast-check";
import { OutputBuffer } from "#codec/output-buffer.ts";
import { TimeFormat } from "./time-format.ts";

function formatted(format: string, wallMs: number): string {
  const out = new OutputBuffer();
  new TimeFormat(format).write(wallMs, out);
  return out.text();
}

// Formats and what a running Envoy 1.40 printed for 2026-11-23T21:54:47.239996Z.
test.each([
  ["%Y-%m-%dT%H:%M:%S.%3fZ", "2026-11-23T21:54:47.239Z"],
  ["%Y-%m-%dT%H:%M:%S.%6fZ", "2026-11-23T21:54:47.239996Z"],
  ["%9f,%f,%1f,%s%3f", "239996000,239996000,2,1795470887239"],
  [
    "%b_%d_%e_%j_%a_%A_%B_%y_%D_%F_%T_%R_%p_%I_%M_%%",
    "Nov_23_23_327_Mon_Monday_November_26_11/23/26_2026-11-23_21:54:47_21:54_PM_09_54_%",
  ],
  [
    "%E3S_%Ez_%z_%Z_%U_%u_%w_%W_%V_%G_%g_%h_%k_%l_%C_%c_%x_%X_%r_%E*S_%E*f_%E4Y_%ET_%E5f_%Es_%P_%t|",
    "47.239_+00:00_+0000_UTC_47_1_1_47_48_2026_26_Nov_21_ 9_20_Mon Nov 23 21:54:47 2026_11/23/26_21:54:47_09:54:47 PM_47.239996_239996_2026_T_23999_1795470887_pm_\t|",
  ],
  ["%Q_%E_%O_%K_%i_%L_%N_%o_%q_%v_%J_%f", "%Q_%E_%O_%K_%i_%L_%N_%o_%q_%v_%J_239996000"],
  ["", ""],
  ["%", "%"],
])("TimeFormat %s is Envoy's", (format, expected) => {
  expect(formatted(format, 1_795_470_887_239.996)).toBe(expected);
});

test.each([
  // A whole second has no fraction to show.
  ["%E*S|%E*f|%E3S", 0, "00|0|00.000"],
  // The last days of 2024 belong to the first week of 2025; those of 2027-01-01 to the last of 2026.
  ["%G-W%V-%u", Date.UTC(2024, 11, 30), "2025-W01-1"],
  ["%G-W%V-%u", Date.UTC(2027, 0, 1), "2026-W53-5"],
  ["%I %p %l", Date.UTC(2026, 0, 1, 0, 5), "12 AM 12"],
  ["%U %W %j", Date.UTC(2023, 0, 1), "01 00 001"],
])("TimeFormat %s of %p is %s", (format, wallMs, expected) => {
  expect(formatted(format, wallMs)).toBe(expected);
});

test("TimeFormat keeps a second's text and changes it with the second", () => {
  const format = new TimeFormat("%H:%M:%S.%3f");
  const out = new OutputBuffer();
  for (const wallMs of [999, 1000, 1001, 999]) {
    format.write(wallMs, out);
    out.byte(32);
  }
  expect(out.text()).toBe("00:00:00.999 00:00:01.000 00:00:01.001 00:00:00.999 ");
});

test("TimeFormat never throws, and %Y-%m-%dT%H:%M:%S.%3fZ is ISO 8601", () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 4e12, noNaN: true }), (format, wallMs) => {
      formatted(format, wallMs);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (wallMs) => {
      expect(formatted("%Y-%m-%dT%H:%M:%S.%3fZ", wallMs)).toBe(new Date(wallMs).toISOString());
    }),
  );
});
