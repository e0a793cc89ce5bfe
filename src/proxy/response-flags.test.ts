import { expect, test } from "bun:test";
import { FLAG, formatFlags, formatFlagsLong, RESPONSE_FLAGS } from "./response-flags.ts";

// The enum order of Envoy 1.40, which is the order of printing.
test("RESPONSE_FLAGS are Envoy's, each with a bit of its own", () => {
  const names =
    "LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO";
  expect(RESPONSE_FLAGS.map(({ short }) => short).join(" ")).toBe(names);
  const all = Object.values(FLAG).reduce((mask, bit) => mask | bit, 0);
  expect(all).toBe(2 ** RESPONSE_FLAGS.length - 1);
});

test.each([
  [0, "-", "-"],
  [FLAG.UH, "UH", "NoHealthyUpstream"],
  [FLAG.URX | FLAG.UF, "UF,URX", "UpstreamConnectionFailure,UpstreamRetryLimitExceeded"],
  [FLAG.UDO | FLAG.LH, "LH,UDO", "FailedLocalHealthCheck,UnconditionalDropOverload"],
])("formatFlags %p is %s", (mask, short, long) => {
  expect(formatFlags(mask)).toBe(short);
  expect(formatFlagsLong(mask)).toBe(long);
  // Again, from what is remembered.
  expect(formatFlags(mask)).toBe(short);
});
