// `sampan why-code`: every flag, detail and status that it knows, and what it says next to run.
import { expect, test } from "bun:test";
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";
import { explainCode, KNOWN_CODES } from "./why-code/codes.ts";

test("why-code says what a flag means, why it usually comes, and what to do", async () => {
  const ran = await runFake(["why-code", "NC"]);
  expect(ran).toEqual({
    status: 0,
    stderr: "",
    stdout: `NC (NoClusterFound): The route's cluster does not exist; sent with 503 unless the route says otherwise.
Likely because
  a VirtualService names a subset that no DestinationRule defines
  a VirtualService names a host or port that no service has
Look further
  sampan analyze DIR
  sampan why METHOD URL --from WORKLOAD
  sampan proxy-config cluster WORKLOAD    what the proxy knows
`,
  });
});

test("why-code takes flags as they stand in a log, long names, any case", async () => {
  const { stdout } = await runFake(["why-code", "UF,URX", "noroutefound"]);
  expect(stdout.match(/^\w+ \(\w+\)/gm)).toEqual([
    "UF (UpstreamConnectionFailure)",
    "URX (UpstreamRetryLimitExceeded)",
    "NR (NoRouteFound)",
  ]);
});

test("why-code knows every flag of the table, and everything that it names", () => {
  for (const { short, meaning } of RESPONSE_FLAGS) {
    expect(explainCode(short)?.meaning).toBe(meaning);
  }
  for (const code of KNOWN_CODES) expect(explainCode(code)?.next.length).toBeGreaterThan(0);
});

test.each(["constructor", "__proto__", "toString"])(
  "%s, which every object has, is no code",
  async (word) => {
    const { status, stderr } = await runFake(["why-code", word]);
    expect(stderr).toStartWith(`sampan why-code: "${word}" is not known: `);
    expect(status).toBe(EXIT.usage);
  },
);

test("why-code gives JSON", async () => {
  const { stdout } = await runFake(["why-code", "via_upstream", "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject([
    { code: "via_upstream", causes: [expect.any(String)] },
  ]);
});

test("why-code refuses what it does not know, with the nearest", async () => {
  const ran = await runFake(["why-code", "via_upstram"]);
  expect(ran).toEqual({
    status: 64,
    stdout: "",
    stderr: 'sampan why-code: "via_upstram" is not known: did you mean via_upstream?\n',
  });
});

test("why-code sends nobody to a command or flag that is not there", async () => {
  const lines = new Set(KNOWN_CODES.flatMap((code) => explainCode(code)?.next ?? []));
  expect(lines.size).toBeGreaterThan(5);
  for (const line of lines) {
    const [tool, command = "", ...words] = line.split(/ +/);
    expect(tool).toBe("sampan");
    expect(COMMANDS.map(({ name }) => name)).toContain(command);
    const { stdout } = await runFake([command, "--help"]);
    for (const flag of words.filter((word) => word.startsWith("--")))
      expect(stdout).toContain(flag);
  }
});
