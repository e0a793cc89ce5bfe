import { expect, test } from "bun:test";
import { FLAG, formatFlags, formatFlagsLong, RESPONSE_FLAGS, withFlag } from "./response-flags.ts";

test("RESPONSE_FLAGS are Envoy's, each with a digit of its own", () => {
  const names =
    "LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO";
  expect(RESPONSE_FLAGS.map(({ short }) => short).join(" ")).toBe(names);
  expect(new Set(Object.values(FLAG)).size).toBe(RESPONSE_FLAGS.length);
  expect(Math.max(...Object.values(FLAG))).toBeLessThan(32);
});

test.each([
  [[], "-", "-"],
  [[FLAG.UH], "UH", "NoHealthyUpstream"],
  [[FLAG.UF, FLAG.URX], "UF,URX", "UpstreamConnectionFailure,UpstreamRetryLimitExceeded"],
  [[FLAG.URX, FLAG.UF], "URX,UF", "UpstreamRetryLimitExceeded,UpstreamConnectionFailure"],
  [[FLAG.DI, FLAG.UDO, FLAG.DI, FLAG.UDO], "DI,UDO", "DelayInjected,UnconditionalDropOverload"],
] as const)("flags %p are printed in the order of raising: %s", (raised, short, long) => {
  const flags = raised.reduce<number>(withFlag, 0);
  expect(formatFlags(flags)).toBe(short);
  expect(formatFlagsLong(flags)).toBe(long);
  // Again, from what is remembered.
  expect(formatFlags(flags)).toBe(short);
});
