// The thresholds and delays of a probe, answer by answer.
import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { ReadinessProbeSchema } from "#api/istio/networking/v1alpha3/workload_group_pb.ts";
import { Probe, STARTING_PERIOD_MS } from "./probe.ts";

const probeOf = (fields: object): Probe => new Probe(create(ReadinessProbeSchema, fields));

test("defaults are Istio's", () => {
  const probe = new Probe(undefined);
  expect(probe.timeoutMs).toBe(1_000);
  expect(probe.health).toBe("unknown");
  probe.handleAnswer(true);
  expect(probe.delayMs(false)).toBe(10_000);
});

test("an instance that starts is asked often, and is not unhealthy before it was healthy", () => {
  const probe = probeOf({ periodSeconds: 2, initialDelaySeconds: 5 });
  expect(probe.delayMs(true)).toBe(5_000);
  for (let i = 0; i < 50; i += 1) expect(probe.handleAnswer(false)).toBe(false);
  expect(probe.health).toBe("unknown");
  expect(probe.delayMs(false)).toBe(STARTING_PERIOD_MS);
  expect(probe.handleAnswer(true)).toBe(true);
  expect(probe.health).toBe("healthy");
  expect(probe.delayMs(false)).toBe(2_000);
});

test("failureThreshold failures in a row make it unhealthy, one success between begins the count again", () => {
  const probe = probeOf({ failureThreshold: 3 });
  probe.handleAnswer(true);
  for (const answer of [false, false, true, false, false]) probe.handleAnswer(answer);
  expect(probe.health).toBe("healthy");
  expect(probe.handleAnswer(false)).toBe(true);
  expect(probe.health).toBe("unhealthy");
});

test("successThreshold successes in a row make it healthy", () => {
  const probe = probeOf({ successThreshold: 3 });
  for (const answer of [true, true, false, true, true]) probe.handleAnswer(answer);
  expect(probe.health).toBe("unknown");
  probe.handleAnswer(true);
  expect(probe.health).toBe("healthy");
});

test("a crash is unhealthy at once", () => {
  const probe = probeOf({});
  probe.handleAnswer(true);
  expect(probe.handleCrash()).toBe(true);
  expect(probe.health).toBe("unhealthy");
  expect(probe.handleCrash()).toBe(false);
});
