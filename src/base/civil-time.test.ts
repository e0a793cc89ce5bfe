import { expect, test } from "bun:test";
import fc from "fast-check";
import { civilTime, daysFromCivil } from "./civil-time.ts";

test("civilTime is what the system's date type says, over 20,000 years", () => {
  fc.assert(
    fc.property(fc.integer({ min: -300_000_000_000, max: 300_000_000_000 }), (seconds) => {
      const date = new Date(seconds * 1000);
      const civil = civilTime(seconds);
      const yearStart =
        Date.UTC(2000, 0, 1) + (daysFromCivil(civil.year, 1, 1) - 10_957) * 86_400_000;
      expect(civil).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        weekday: date.getUTCDay(),
        yearDay: Math.floor((seconds * 1000 - yearStart) / 86_400_000) + 1,
      });
    }),
  );
});
