// Lines that the pilot, our proxy and Envoy print, and what a person is told of them.
import { expect, test } from "bun:test";
import { createLog } from "#io/bun/log.ts";
import { readPilotLine, readProxyError } from "./log-line.ts";

/** The line that the pilot's own log writes. */
function logged(level: "info" | "warning" | "error", message: string, component = "pilot"): string {
  let line = "";
  createLog("info", component, (text) => {
    line = text.trimEnd();
  })[level](message);
  return line;
}

const PROBLEM = "/mesh/a.yaml:11:7: VirtualService default/reviews: spec.http[0].timeout: wrong";

test("a mistake in the configuration is shown as one, with its place", () => {
  expect(readPilotLine(logged("error", PROBLEM), "stderr")).toEqual({
    kind: "problem",
    severity: "error",
    part: "config",
    text: PROBLEM,
  });
  expect(readPilotLine(logged("warning", PROBLEM), "stderr")).toMatchObject({
    severity: "warning",
    part: "config",
  });
});

test("its end is shown", () => {
  const line = logged("info", `mended: ${PROBLEM}`);
  expect(readPilotLine(line, "stderr")).toEqual({ kind: "mended", text: PROBLEM });
});

test("a refusal by a proxy is the pilot's to tell", () => {
  const line = logged("warning", 'proxy refused resources proxy="router~1"', "xds");
  expect(readPilotLine(line, "stderr")).toMatchObject({
    kind: "problem",
    severity: "warning",
    part: "pilot",
    text: 'proxy refused resources proxy="router~1"',
  });
});

test.each([
  ["ready xds 127.0.0.1:15010 http 127.0.0.1:15014", "stdout", "ready"],
  ["anything else", "stdout", "detail"],
  [logged("info", "proxy connected", "xds"), "stderr", "detail"],
  ["sampan pilot: Cannot listen on 127.0.0.1:15010: EADDRINUSE", "stderr", "problem"],
  ["TypeError: undefined is not an object", "stderr", "problem"],
  ["  ", "stderr", "detail"],
] as const)("%p on %s: %s", (line, stream, kind) => {
  expect(readPilotLine(line, stream).kind).toBe(kind);
});

test.each([
  [logged("error", "cannot listen", "config"), "cannot listen"],
  [
    "[2026-11-23 23:20:51.820][7137][error][config] [source/common/a.cc:1405] listener '0.0.0.0_80' failed to bind",
    "listener '0.0.0.0_80' failed to bind",
  ],
  ["[2026-11-23 23:20:51.821][7137][warning][config] [source/common/b.cc:89] rejected", undefined],
  ["[error] anything", undefined],
  ["", undefined],
])("of what a proxy prints, errors are shown: %p", (line, text) => {
  expect(readProxyError(line)).toBe(text);
});
