// The ignore list: what is typed, in the flag, the file and by default, and what becomes of it.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { isIgnored, isKnownName, parseIgnoreList } from "./ignore-list.ts";

const KNOWN = ["Swap", "OpenFiles", "Port-<port>", "Port-15010"];

function read(
  flag: string,
  file: readonly string[] = [],
  byDefault: readonly string[] = [],
): string {
  const parsed = parseIgnoreList({ flag: [flag], file, byDefault }, KNOWN);
  if (parsed.kind === "refused") return parsed.message;
  const { ignored } = parsed;
  return ignored.kind === "all" ? "(all)" : [...ignored.names].sort().join(" ");
}

const ALONE = "don't specify individual checks if 'all' is used";
const LIST = '"sampan preflight --list" names every check';
const invalid = (value: string, why: string): string =>
  `ignore-preflight-errors: Invalid value: "${value}": ${why}`;

test.each<[string, readonly string[], readonly string[], string]>([
  // flag           file             by default  what is ignored
  ["", [], [], ""],
  ["Swap", [], [], "swap"],
  ["sWaP,port-15010", [], [], "port-15010 swap"],
  [" Swap , ,", [], [], "swap"],
  ["Swap", ["openfiles"], [], "openfiles swap"],
  ["Swap", ["SWAP"], [], "swap"],
  ["", [], ["Swap"], "swap"],
  ["OpenFiles", [], ["Swap"], "openfiles swap"],
  ["none", [], ["Swap"], "none"],
  ["none,Swap", [], ["Swap"], "none swap"],
  ["all", [], ["Swap"], "(all)"],
  ["ALL", [], [], "(all)"],
  ["all", ["all"], [], "(all)"],
  ["all,swap", [], [], invalid("all,swap", ALONE)],
  ["Swap,All", [], [], invalid("all,swap", ALONE)],
  ["all", ["Swap"], [], invalid("all,swap", ALONE)],
  ["Port-9999", [], [], "port-9999"],
  ["Swpa", [], [], invalid("Swpa", `no check has this name; did you mean Swap? ${LIST}`)],
  [
    "",
    ["open-files"],
    [],
    invalid("open-files", `no check has this name; did you mean OpenFiles? ${LIST}`),
  ],
  ["Port-15100", [], [], "port-15100"],
  ["Port-", [], [], invalid("Port-", `no check has this name; ${LIST}`)],
  ["IsPrivileged", [], [], invalid("IsPrivileged", `no check has this name; ${LIST}`)],
])("flag %j, file %j, by default %j", (flag, file, byDefault, expected) => {
  expect(read(flag, file, byDefault)).toBe(expected);
});

test("the flag may be repeated", () => {
  const parsed = parseIgnoreList({ flag: ["Swap", "OpenFiles"], file: [], byDefault: [] }, KNOWN);
  expect(parsed).toMatchObject({ ignored: { names: new Set(["swap", "openfiles"]) } });
});

test("names are compared without case, and as a whole", () => {
  const ignored = { kind: "names", names: new Set(["swap", "port-80"]) } as const;
  expect(isIgnored(ignored, "Swap")).toBe(true);
  expect(isIgnored(ignored, "Port-8080")).toBe(false);
  expect(isIgnored({ kind: "all" }, "Anything")).toBe(true);
});

test("any text is parsed or refused, and never taken for a pattern", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(["parsed", "refused"]).toContain(
        parseIgnoreList({ flag: [text], file: [], byDefault: [] }, KNOWN).kind,
      );
      expect(isKnownName(["Swap"], text)).toBe(text.toLowerCase() === "swap");
    }),
  );
});
