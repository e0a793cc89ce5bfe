import { expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  LocalityLoadBalancerSettingSchema,
  ZoneAwareLoadBalancerSettingSchema,
} from "#api/istio/networking/v1alpha3/destination_rule_pb.ts";
import { type Locality, parseLocality, type ServiceEndpoint } from "../../model/service.ts";
import { byLocality, localityText } from "./assignment.ts";
import { localityMatches, withLocality } from "./locality.ts";

function endpoint(address: string, locality: Locality, weight: number): ServiceEndpoint {
  return {
    address,
    locality,
    weight,
    portOf: ({ number }) => number,
    labels: {},
    network: "",
    serviceAccount: "",
    health: "healthy",
    workload: { namespace: "", name: "" },
  };
}

const place = fc
  .tuple(
    fc.constantFrom("eu", "us", "asia"),
    fc.constantFrom("a", "b", ""),
    fc.constantFrom("1", "2", ""),
  )
  .map(([region, zone, subZone]) => ({ region, zone, subZone }));
const endpoints = fc
  .array(fc.tuple(place, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 12 })
  .map((all) => all.map(([where, weight], i) => endpoint(`10.0.0.${i}`, where, weight)));

test.each([
  ["eu/a/1", "*", true],
  ["eu/a/1", "eu", true],
  ["eu/a/1", "eu/*", true],
  ["eu/a/1", "eu/a/*", true],
  ["eu/a/1", "eu/a/1", true],
  ["eu/a/1", "*/a", true],
  ["eu/a/1", "eu/a/2", false],
  ["eu/a/1", "eu/b", false],
  ["eu/a/1", "us", false],
])("%s fits the pattern %s: %p", (locality, pattern, fits) => {
  expect(localityMatches(parseLocality(locality), pattern)).toBe(fits);
});

test("byLocality loses nobody, sorts, and adds up weights with 0 counting as 1", () => {
  fc.assert(
    fc.property(endpoints, (all) => {
      const groups = byLocality(all);
      expect(groups.flatMap((group) => group.endpoints).length).toBe(all.length);
      const keys = groups.map(({ locality }) => localityText(locality));
      expect(keys).toEqual([...new Set(keys)].sort());
      for (const group of groups) {
        expect(group.weight).toBe(
          group.endpoints.reduce((sum, { weight }) => sum + (weight || 1), 0),
        );
      }
    }),
  );
});

test("failover gives priorities 0, 1, 2, … without gaps, and the nearer never a lower one", () => {
  const value = create(LocalityLoadBalancerSettingSchema, { failover: [{ from: "eu", to: "us" }] });
  const nearness = (a: Locality, b: Locality): number => {
    if (a.region !== b.region) return 3;
    if (a.zone !== b.zone) return 2;
    return a.subZone === b.subZone ? 0 : 1;
  };
  fc.assert(
    fc.property(endpoints, place, (all, own) => {
      const viewer = { locality: own, labels: {} };
      const groups = withLocality(byLocality(all), viewer, { kind: "locality", value }, true);
      const priorities = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
      expect(priorities).toEqual(priorities.map((_, i) => i));
      for (const a of groups) {
        for (const b of groups) {
          if (nearness(own, a.locality) < nearness(own, b.locality)) {
            expect(a.priority).toBeLessThan(b.priority);
          }
        }
      }
    }),
  );
});

test("zone-aware balancing keeps the whole region in priority 0", () => {
  const value = create(ZoneAwareLoadBalancerSettingSchema, {
    failover: [{ from: "eu", to: "us" }],
  });
  const all = ["asia/a/1", "eu/a/1", "eu/b/1", "us/a/1"].map((text, i) =>
    endpoint(`10.0.0.${i}`, parseLocality(text), 1),
  );
  const viewer = { locality: parseLocality("eu/a/1"), labels: {} };
  const groups = withLocality(byLocality(all), viewer, { kind: "zoneAware", value }, false);
  expect(groups.map(({ priority }) => priority)).toEqual([2, 0, 0, 1]);
});

test("without outlier detection nothing fails over", () => {
  const value = create(LocalityLoadBalancerSettingSchema);
  const groups = byLocality([endpoint("10.0.0.1", parseLocality("us/a/1"), 1)]);
  const viewer = { locality: parseLocality("eu/a/1"), labels: {} };
  expect(withLocality(groups, viewer, { kind: "locality", value }, false)).toBe(groups);
});
