// Commands whose --pilot names something else than a pilot: it is said in a sentence, whatever is answered there.
import { describe, expect, test } from "bun:test";
import { systemFiles } from "#io/bun/files.ts";
import { runFake } from "../testing/fake-shell.ts";

const COMMANDS = [
  ["proxy-status"],
  ["proxy-status", "reviews"],
  ["get", "virtualservices"],
  ["get", "virtualservices", "-A", "-o", "wide"],
  ["get", "services"],
  ["get", "endpoints"],
  ["get", "proxies"],
  ["get", "problems"],
  ["describe", "vs", "reviews"],
  ["describe", "service", "reviews"],
  ["edit", "vs", "reviews"],
  ["delete", "vs", "reviews"],
  ["wait", "vs/reviews", "--timeout", "1ms"],
  ["diff", "-f", "examples/bookinfo/gateway.yaml"],
  ["apply", "-f", "examples/bookinfo/gateway.yaml"],
  ["why", "http://reviews:9080/", "--from", "productpage-v1"],
  ["proxy-config", "cluster", "reviews"],
  ["stats", "reviews"],
  ["troubleshoot"],
  ["troubleshoot", "--from", "a", "--to", "b"],
  ["top", "--once"],
  ["tap", "--count", "1"],
];

describe.each(["[]", "{}", "null", "7", '"pilot"', "[null,1,{}]", '[{"name":7}]', "<html>"])(
  "where %s is answered",
  (body) => {
    const httpClient = {
      request: async () => ({ kind: "answered" as const, status: 200, body }),
    };
    test.each(COMMANDS.map((args) => [args.join(" "), args] as const))(
      "%s is not our mistake",
      async (_name, args) => {
        const ran = await runFake(args, { httpClient, files: systemFiles });
        expect(ran.stderr).not.toContain("a mistake in sampan");
        // A mesh without anything in it looks so.
        if (body !== "[]") {
          expect(ran.status).not.toBe(0);
          expect(ran.stdout + ran.stderr).toContain("Cannot reach the pilot at 127.0.0.1:15014");
        }
      },
    );
  },
);
